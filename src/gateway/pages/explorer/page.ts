/** The explorer's page: asks for a key, keeps it for this tab, and only then loads the editor. It holds nothing of the contract. */
import './page.css';

const STORED = 'palate-key';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const form = element<HTMLFormElement>('sign-in');
const keyInput = element<HTMLInputElement>('key');
const message = element('message');
const signOut = element<HTMLButtonElement>('sign-out');

interface Reply {
  data?: unknown;
  errors?: readonly { message: string }[];
}

/** @throws Error that says why the key is of no use; TypeError when nobody answers */
async function check(key: string): Promise<void> {
  const response = await fetch(location.pathname, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: '{ viewer { scope } }' }),
    credentials: 'omit',
  });
  const { data, errors } = (await response.json()) as Reply;
  if (!data) throw new Error(errors?.[0].message);
}

async function signIn(key: string): Promise<void> {
  message.textContent = '';
  try {
    await check(key);
    sessionStorage.setItem(STORED, key);
    const { openEditor } = await import('./editor.js');
    form.hidden = true;
    signOut.hidden = false;
    openEditor(element('root'), key);
  } catch (error) {
    sessionStorage.removeItem(STORED);
    message.textContent = error instanceof TypeError ? 'The service does not answer.' : (error as Error).message;
    askForKey();
  }
}

function askForKey(): void {
  form.hidden = false;
  keyInput.focus();
}

/** From the address behind "#", where no server sees it. It does not stay there. */
function keyFromAddress(): string | null {
  const given = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  return given.get('key') ?? given.get('token');
}

signOut.addEventListener('click', () => {
  sessionStorage.clear();
  location.replace(location.pathname);
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void signIn(keyInput.value.trim());
});

const key = keyFromAddress() ?? sessionStorage.getItem(STORED);
if (key) void signIn(key);
else askForKey();
