/** What is to be done on the platform first, and what to copy there. */
import { useRef } from 'react';
import { Copy } from '../ui/copy.js';
import { Markdown } from '../ui/markdown.js';

const BLOCK = /```\w*\n([\s\S]*?)\n```/;

export function PluginGuide({ name, guide, open }: { name: string; guide: string; open: boolean }) {
  const shown = useRef<HTMLDivElement>(null);
  const [, toCopy] = BLOCK.exec(guide) ?? [];
  return (
    <details className="guide" open={open}>
      <summary>How to set {name} up</summary>
      <Markdown text={guide.replace(BLOCK, '')} />
      {toCopy && (
        <div className="to-copy">
          <Copy text={toCopy} shown={shown}>
            Copy the manifest
          </Copy>
          <div ref={shown}>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
            <pre tabIndex={0}>{toCopy}</pre>
          </div>
        </div>
      )}
    </details>
  );
}
