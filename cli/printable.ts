/** Foreign texts for the terminal: what they hold must not move its cursor, clear it or speak for us. */

/** Control characters as JSON spells them. */
export const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (character) => {
    const spelled = JSON.stringify(character).slice(1, -1);
    // JSON leaves those from U+007F on as they are.
    return spelled === character
      ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
      : spelled;
  });
