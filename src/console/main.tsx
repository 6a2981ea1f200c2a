/** Where the page begins: the key is taken out of the address before anything else sees it. */
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { takeCredential } from './session/credential.js';
import { TAB } from './session/kept.js';
import { FaultBoundary } from './ui/fault.js';
import { mendLanguage } from './ui/locale.js';
import './styles/base.css';
import './styles/parts.css';
import './styles/chat.css';

mendLanguage();
const credential = takeCredential(window.location, window.history, TAB);
createRoot(document.getElementById('root') as HTMLElement).render(
  <FaultBoundary>
    <App credential={credential} />
  </FaultBoundary>,
);
