/** The editor, GraphiQL, over HTTP for queries and mutations and over a WebSocket for subscriptions. */
import './nonce.js';
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { type DocumentNode, Kind, parse } from 'graphql';
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
    <GraphiQL
      fetcher={asWritten(fetcher)}
      storage={sessionStorage}
      isHeadersEditorEnabled={false}
      initialQuery={FIRST_QUERY}
    >
      <GraphiQL.Logo>Palate</GraphiQL.Logo>
    </GraphiQL>,
  );
}

/** The editor reads its text with a delay: which operation it names, and of which kind, may be of the text before. */
function asWritten(fetcher: Fetcher): Fetcher {
  return (parameters, options) => {
    const documentAST = documentOf(parameters.query);
    const names = documentAST?.definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? [definition.name?.value] : [],
    );
    const { operationName } = parameters;
    const isNamed = names === undefined || names.length !== 1 || names[0] === operationName;
    return fetcher(isNamed ? parameters : { ...parameters, operationName: names[0] }, { ...options, documentAST });
  };
}

/** Undefined for what is no document: the service says what is wrong with it. */
function documentOf(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined;
  }
}
