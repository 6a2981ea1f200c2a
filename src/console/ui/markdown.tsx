/** A reply's Markdown. Its reader is loaded when the first reply is there; until then the text stands as it is. */
import { lazy, memo, Suspense, useDeferredValue } from 'react';

const Rendered = lazy(async () => ({ default: (await import('./markdown-rendered.js')).MarkdownRendered }));

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  // While replies grow, a key or a click goes before them.
  const deferred = useDeferredValue(text);
  return (
    <div className="markdown">
      <Suspense fallback={<p className="plain">{deferred}</p>}>
        <Rendered text={deferred} />
      </Suspense>
    </div>
  );
});
