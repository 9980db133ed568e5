/** Talks to the server, and asks for a token when the server wants one. */
import { element } from './dom.js';
import { keep, recall } from './kept.js';

const TOKEN_KEY = 'watchlake.token';
/** A server that hangs, or a connection that was lost without a word, would disable the page for ever. */
const PATIENCE_MS = 20_000;

/** What the server refused, with its code and remedy. */
export class Refusal extends Error {
  constructor(status, { code, message, remedy }) {
    super(message);
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }
}

const unreachable = () =>
  new Refusal(0, {
    code: 'UNREACHABLE',
    message: 'The server does not answer.',
    remedy: 'Check that `watchlake up` is running; this page tries again.',
  });

async function bodyOf(response) {
  try {
    return await response.json();
  } catch {
    // Cut off on its way, or of something that stands before the server.
    if (response.ok) throw unreachable();
    const message = `The server answered with status ${response.status}.`;
    return { code: 'UNREADABLE', message, remedy: 'Reload the page.' };
  }
}

/** What a browser puts into a header; with anything else it would send nothing, and say no more than if nobody answered. */
const IN_A_HEADER = /^[\x20-\x7e\x80-\xff]+$/;

const mistyped = () =>
  new Refusal(401, { code: 'UNAUTHORIZED', message: 'The token has signs that no token has.' });

async function send(path, options) {
  const token = recall('sessionStorage', TOKEN_KEY);
  if (token && !IN_A_HEADER.test(token)) throw mistyped();
  const headers = { ...options.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let response;
  try {
    response = await fetch(path, { ...options, headers, signal });
  } catch {
    throw unreachable();
  }
  const body = await bodyOf(response);
  if (!response.ok) throw new Refusal(response.status, body);
  return body;
}

export const get = (path) => send(path, { headers: {} });

export const post = (path, body) =>
  send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** Another token may do: the refusal of a host is no matter of tokens. */
export const wantsToken = ({ code }) => code === 'UNAUTHORIZED' || code === 'FORBIDDEN';

/** Why the token that this tab has does not do; null where it has none yet. */
function faultOf({ code }) {
  if (code === 'FORBIDDEN') return 'The token given here does not allow this.';
  const hasOne = recall('sessionStorage', TOKEN_KEY) !== null;
  return hasOne ? 'The token given here is mistyped, or no longer valid.' : null;
}

/** A form that keeps the token for as long as the tab is open, then goes on. */
export function tokenForm(onDone, refusal) {
  const fault = faultOf(refusal);
  const whence = `Whoever set the server up can give you ${fault ? 'another' : 'one'}.`;
  const sentence = fault ? `${fault} ${whence}` : `${whence} It stays in this tab only.`;
  const input = element('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'off',
    required: true,
  });
  const form = element(
    'form',
    {},
    element('label', { for: 'token' }, 'Token'),
    input,
    element('button', { class: 'button main', type: 'submit' }, 'Go on'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    keep('sessionStorage', TOKEN_KEY, input.value.trim());
    onDone();
  });
  return [element('h1', {}, 'This server asks for a token'), element('p', {}, sentence), form];
}
