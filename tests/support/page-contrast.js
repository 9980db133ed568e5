/** Evaluated in a page: the texts whose contrast (WCAG 2) with what lies under them is below 4.5. */
/* global document, getComputedStyle, SVGElement */
(() => {
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map((channel) => {
      const share = channel / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const background = (node) => {
    const color = getComputedStyle(node).backgroundColor;
    return channels(color)[3] === 0 ? background(node.parentElement) : color;
  };
  const contrast = (node) => {
    const style = getComputedStyle(node);
    const ink = luminance(node instanceof SVGElement ? style.fill : style.color);
    const paper = luminance(background(node));
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  };
  const hasText = (node) =>
    [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim() !== '');
  return [...document.querySelectorAll('body *')]
    .filter((node) => node.checkVisibility() && hasText(node))
    .map((node) => ({ text: node.textContent.trim(), contrast: contrast(node) }))
    .filter((found) => found.contrast < 4.5);
})();
