/**
 * A reply's Markdown. Its reader is loaded when the first reply is there; until then, past its bounds, and where it has a fault, the text
 * stands as it is.
 */
import { Component, lazy, memo, type ReactNode, Suspense, useDeferredValue } from 'react';
import { isReadable } from './markdown-bounds.js';

const Rendered = lazy(async () => ({ default: (await import('./markdown-rendered.js')).MarkdownRendered }));

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  // While replies grow, a key or a click goes before them.
  const deferred = useDeferredValue(text);
  const plain = (
    <p className="plain" dir="auto">
      {deferred}
    </p>
  );
  return (
    <div className="markdown">
      {isReadable(deferred) ? (
        <ElsePlain plain={plain}>
          <Suspense fallback={plain}>
            <Rendered text={deferred} />
          </Suspense>
        </ElsePlain>
      ) : (
        plain
      )}
    </div>
  );
});

/** One reply that cannot be shown ends nothing but its own look. */
class ElsePlain extends Component<{ plain: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.plain : this.props.children;
  }
}
