/** The page of the explorer: it asks for a key, keeps it for this tab, and only then loads the editor. It holds nothing of the contract. */

/** Where the page's files are. The page names them relative to its own address, which may lie below a path of a proxy. */
export const EXPLORER_PATH = '/explorer/';

/** @param nonce lets the editor, which makes its styles as it goes, make them */
export function explorerPage(nonce: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title>Palate: GraphQL explorer</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="explorer/page.css">
<form id="sign-in" hidden>
  <h1>GraphQL explorer</h1>
  <label for="key">Key or member token</label>
  <input id="key" type="password" autocomplete="off" autofocus required>
  <button>Sign in</button>
  <p id="message" role="status"></p>
  <p>The first start of the service prints the admin key; it is kept in the data folder. It stays in this tab and is
  forgotten with it.</p>
</form>
<div id="root"></div>
<button id="sign-out" hidden>Sign out</button>
<noscript>The explorer needs JavaScript.</noscript>
<script src="explorer/page.js" nonce="${nonce}" data-nonce="${nonce}"></script>
</html>
`;
}

/** What a response with the page, or with a file that runs as a worker, may do. Scripts come from this service only, none is in the page. */
export function explorerPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "connect-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    // The editor places its lines with style attributes.
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export const PAGE_STYLE = `
html, body { height: 100%; margin: 0; font-family: system-ui, sans-serif; }
#root { height: 100%; }
#root:empty { display: none; }
#sign-in { max-width: 24rem; margin: 15vh auto 0; padding: 0 1rem; display: grid; gap: 0.75rem; }
#sign-in[hidden], #sign-out[hidden] { display: none; }
#sign-in h1 { font-size: 1.25rem; margin: 0; }
#sign-in input, #sign-in button { font: inherit; padding: 0.5rem; }
#sign-in p { margin: 0; color: #555; }
#sign-in #message { color: #a00; min-height: 1.25rem; }
#sign-out { position: fixed; right: 1rem; bottom: 1rem; font: inherit; font-size: 0.875rem; padding: 0.25rem 0.75rem; }
`;

/** Runs in the browser. The key comes from the address behind "#", where no server sees it, from this tab's storage, or from the form. */
export const PAGE_SCRIPT = `'use strict';
(() => {
  const files = document.currentScript.src.replace(/[^/]*$/, '');
  const stored = 'palate-key';
  const nonce = document.currentScript.dataset.nonce;
  const element = (id) => document.getElementById(id);

  const given = new URLSearchParams(location.hash.slice(1));
  const fromAddress = given.get('key') || given.get('token');
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);

  async function check(key) {
    const response = await fetch(location.pathname, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer ' + key },
      body: JSON.stringify({ query: '{ viewer { scope } }' }),
      credentials: 'omit',
    });
    const { data, errors } = await response.json();
    if (!data) throw new Error(errors[0].message);
    return data.viewer;
  }

  async function signIn(key) {
    element('message').textContent = '';
    try {
      const viewer = await check(key);
      sessionStorage.setItem(stored, key);
      await open(key, viewer);
    } catch (error) {
      sessionStorage.removeItem(stored);
      element('message').textContent = error instanceof TypeError ? 'The service does not answer.' : error.message;
      element('sign-in').hidden = false;
    }
  }

  /** The editor makes style elements as it goes; the page's policy wants to see its nonce on them. */
  function markStyles() {
    const create = Document.prototype.createElement;
    Document.prototype.createElement = function (name, options) {
      const made = create.call(this, name, options);
      if (String(name).toLowerCase() === 'style') made.nonce = nonce;
      return made;
    };
  }

  function load(name, make) {
    return new Promise((resolve, reject) => {
      const loaded = make(files + name);
      loaded.onload = resolve;
      loaded.onerror = () => reject(new Error('The explorer could not be loaded. Load the page again.'));
      document.head.append(loaded);
    });
  }

  async function open(key) {
    markStyles();
    self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_, label) => files + label + '.js' };
    await Promise.all([
      load('graphiql.css', (href) => Object.assign(document.createElement('link'), { rel: 'stylesheet', href })),
      load('graphiql.js', (src) => Object.assign(document.createElement('script'), { src })),
    ]);
    const authorization = 'Bearer ' + key;
    element('sign-in').hidden = true;
    element('sign-out').hidden = false;
    YogaGraphiQL.renderYogaGraphiQL(element('root'), {
      title: 'Palate',
      logo: document.createElement('span').outerHTML,
      endpoint: location.pathname,
      credentials: 'omit',
      additionalHeaders: { authorization },
      subscriptionsProtocol: 'WS',
      subscriptionsEndpoint: location.pathname,
      connectionParams: { authorization },
      storage: sessionStorage,
      shouldPersistHeaders: false,
      isHeadersEditorEnabled: false,
      defaultQuery: '# Ctrl-Enter runs it, Ctrl-Space completes. The book at the left is the manual.\\nquery Hello {\\n  viewer { scope }\\n  pool { ready model personalised }\\n}\\n',
    });
  }

  element('sign-out').addEventListener('click', () => {
    sessionStorage.clear();
    location.replace(location.pathname);
  });
  element('sign-in').addEventListener('submit', (event) => {
    event.preventDefault();
    signIn(element('key').value.trim());
  });
  const key = fromAddress || sessionStorage.getItem(stored);
  if (key) signIn(key);
  else element('sign-in').hidden = false;
})();
`;
