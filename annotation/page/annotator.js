/** Who labels: asked once, remembered by the browser; an address may name somebody else. */
import { element } from './dom.js';
import { keep, recall } from './kept.js';

const ANNOTATOR_KEY = 'watchlake.annotator';
const LONGEST_NAME = 80;

/** Null when nobody is known, or by a name that the server would refuse. */
export function knownAnnotator() {
  const named = new URLSearchParams(location.search).get('annotator');
  const known = (named ?? recall('localStorage', ANNOTATOR_KEY) ?? '').trim();
  return known !== '' && known.length <= LONGEST_NAME ? known : null;
}

/** The address must not bring an earlier name back when the page is loaded again. */
function forgetNameOfAddress() {
  const address = new URL(location.href);
  if (!address.searchParams.has('annotator')) return;
  address.searchParams.delete('annotator');
  history.replaceState(null, '', address);
}

export function rememberAnnotator(name) {
  keep('localStorage', ANNOTATOR_KEY, name);
}

/** A form that asks for the name, then goes on with it. */
export function nameForm(present, onName) {
  const input = element('input', {
    id: 'name',
    required: true,
    maxlength: LONGEST_NAME,
    autocomplete: 'nickname',
    value: present,
  });
  const form = element(
    'form',
    {},
    element('label', { for: 'name' }, 'Your name or initials'),
    input,
    element('button', { class: 'button main', type: 'submit' }, 'Start labelling'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (name === '') return;
    forgetNameOfAddress();
    onName(name);
  });
  return form;
}
