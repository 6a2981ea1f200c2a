/** Where the page begins: the key is taken out of the address before anything else sees it. */
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { takeCredential } from './session/credential.js';
import './styles/base.css';
import './styles/parts.css';
import './styles/chat.css';

const credential = takeCredential(window.location, window.history, window.sessionStorage);
createRoot(document.getElementById('root') as HTMLElement).render(<App credential={credential} />);
