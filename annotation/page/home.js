/** The home page: champions, campaigns with their progress, and where else to look. */
import { get, post, tokenForm, wantsToken } from './api.js';
import { byId, drawProgress, element, show } from './dom.js';

const REFRESH_MS = 5_000;

function modelTile({ model, version, versions, macroF1 }) {
  const title = element(
    'strong',
    {},
    model,
    element('span', { class: 'badge' }, `version ${version}`),
  );
  const tile = element('div', { class: 'tile card' }, title);
  if (macroF1 !== null)
    tile.append(
      element('div', { class: 'figure digits' }, macroF1.toFixed(3)),
      element('p', {}, 'macro-F1 on unseen people'),
    );
  const count = versions === 1 ? 'The only version' : `One of ${versions} versions`;
  tile.append(element('p', {}, count));
  return element('li', {}, tile);
}

/** A link carries no token: the server gives one that is good once. */
async function openReport(event) {
  event.preventDefault();
  try {
    const { url } = await post('/api/report-link', {});
    location.assign(url);
  } catch (error) {
    complain(error);
  }
}

function linkTile({ title, url, note, onClick }) {
  const outside = /^https?:/.test(url);
  const attributes = outside ? { target: '_blank', rel: 'noopener noreferrer' } : {};
  const arrow = element('span', { class: 'arrow', 'aria-hidden': 'true' }, outside ? '↗' : '→');
  const link = element('a', { class: 'tile card', href: url, ...attributes });
  if (onClick) link.addEventListener('click', onClick);
  link.append(element('strong', {}, title, arrow), element('p', {}, note));
  return element('li', {}, link);
}

function counts({ status, answered, tasks, skipped, leased }) {
  if (tasks === 0) return status === 'closed' ? 'without tasks' : 'its windows are being chosen';
  const parts = [`${answered} of ${tasks} labelled`];
  if (skipped > 0) parts.push(`${skipped} skipped`);
  if (leased > 0) parts.push(`${leased} in somebody’s hands`);
  return parts.join(' · ');
}

function campaignEnd({ campaign, status, open, leased, tasks }) {
  if (status === 'closed') return element('span', { class: 'badge' }, 'closed');
  if (tasks === 0) return element('span', { class: 'badge' }, 'opening');
  if (open + leased === 0) return element('span', { class: 'badge' }, 'all done');
  const href = `/label?campaign=${encodeURIComponent(campaign)}`;
  return element(
    'a',
    { class: 'button main', href, 'aria-label': `Label in ${campaign}` },
    'Label',
  );
}

function campaignRow(progress) {
  const bar = element('div', {
    class: 'progress',
    role: 'progressbar',
    'aria-label': `Progress of ${progress.campaign}`,
  });
  drawProgress(bar, progress);
  return element(
    'li',
    { class: 'row' },
    element(
      'div',
      {},
      element('div', { class: 'name' }, progress.campaign),
      element('small', {}, `dataset ${progress.dataset} · model ${progress.model}`),
    ),
    element('div', {}, bar, element('div', { class: 'counts digits' }, counts(progress))),
    element('div', { class: 'end' }, campaignEnd(progress)),
  );
}

/** Of those that are not listed the oldest open one is asked first, where no campaign is named. */
function otherCampaigns(listed, { open, closed }) {
  const others = open + closed - listed.length;
  const othersOpen = open - listed.filter(({ status }) => status === 'open').length;
  if (others <= 0) return [];
  const words = `and ${others} more ${others === 1 ? 'campaign' : 'campaigns'}`;
  const link = { class: 'button', href: '/label', 'aria-label': 'Label in the oldest campaign' };
  return [
    element(
      'li',
      { class: 'row' },
      element('span', { class: 'muted' }, words),
      element('span', { class: 'muted' }, othersOpen > 0 ? `${othersOpen} of them open` : ''),
      element('div', { class: 'end' }, ...(othersOpen > 0 ? [element('a', link, 'Label')] : [])),
    ),
  ];
}

const noCampaign = () =>
  element(
    'li',
    { class: 'row' },
    element(
      'span',
      { class: 'muted' },
      'No campaign yet. One opens when the stream meets windows it is unsure of.',
    ),
  );

function draw({ version, models, campaigns, campaignsInAll, links, report }) {
  byId('version').textContent = `v${version}`;
  byId('models').replaceChildren(...models.map(modelTile));
  show(byId('models-section'), models.length > 0);
  byId('campaigns').replaceChildren(
    ...(campaigns.length > 0 ? campaigns.map(campaignRow) : [noCampaign()]),
    ...otherCampaigns(campaigns, campaignsInAll),
  );
  show(byId('campaigns-section'));
  const reportLink = {
    title: 'Report',
    url: report,
    onClick: openReport,
    note: 'Rows, learning curve and the gate’s figures',
  };
  const all = report ? [reportLink, ...links] : links;
  byId('links').replaceChildren(...all.map(linkTile));
  show(byId('links-section'), all.length > 0);
}

let drawn = '';

function complain({ message, remedy }) {
  const problem = byId('problem');
  problem.textContent = `${message} ${remedy ?? ''}`;
  show(problem);
}

async function refresh() {
  try {
    const overview = await get('/api/overview');
    // Redrawing would take the focus from whoever is on a link.
    const text = JSON.stringify(overview);
    if (text !== drawn) draw(overview);
    drawn = text;
    show(byId('problem'), false);
    show(byId('ask-token'), false);
  } catch (error) {
    if (wantsToken(error)) return askForToken(error);
    complain(error);
  }
  setTimeout(refresh, REFRESH_MS);
}

function askForToken(refusal) {
  show(byId('problem'), false);
  const card = byId('ask-token');
  card.replaceChildren(...tokenForm(refresh, refusal));
  show(card);
  byId('token').focus();
}

void refresh();
