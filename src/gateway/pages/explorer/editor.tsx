/** The editor, GraphiQL, over HTTP for queries and mutations and over a WebSocket for subscriptions. */
import './nonce.js';
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';

const FIRST_QUERY = `# Ctrl-Enter runs it, Ctrl-Space completes. The book at the left is the manual.
query Hello {
  viewer { scope }
  pool { ready model personalised }
}
`;

export function openEditor(root: HTMLElement, key: string): void {
  const authorization = `Bearer ${key}`;
  const fetcher = createGraphiQLFetcher({
    url: location.pathname,
    headers: { authorization },
    fetch: (input, init) => fetch(input, { ...init, credentials: 'omit' }),
    subscriptionUrl: new URL(location.pathname, location.href.replace(/^http/, 'ws')).href,
    wsConnectionParams: { authorization },
  });
  createRoot(root).render(
    <GraphiQL fetcher={fetcher} storage={sessionStorage} isHeadersEditorEnabled={false} initialQuery={FIRST_QUERY}>
      <GraphiQL.Logo>Palate</GraphiQL.Logo>
    </GraphiQL>,
  );
}
