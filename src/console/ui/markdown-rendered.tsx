/** Markdown to elements: HTML in it stays text, pictures stay their description, links open elsewhere and tell nobody from where. */
import { memo, type ReactNode } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { boundedParts } from './markdown-bounds.js';

const PLUGINS = [remarkGfm, boundedParts];

/** Only addresses of elsewhere: one of this page (`#key=…`, `/…`) would be pressed in the name of whoever reads. */
const ELSEWHERE = /^(?:https?:\/\/|mailto:)/i;

const COMPONENTS: Components = {
  a: ({ href, children }) =>
    href && ELSEWHERE.test(href) ? (
      <a href={href} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
    ) : (
      children
    ),
  img: ({ alt }) => <em>{alt || 'picture'}</em>,
  input: ({ checked }) => (checked ? '☑' : '☐'),
  pre: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <pre tabIndex={0} dir="auto">
      {children}
    </pre>
  ),
  table: ({ dir, children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section className="table-scroll" tabIndex={0} aria-label="Table">
      <table dir={dir}>{children}</table>
    </section>
  ),
  // A reply's headings are below those of the page.
  h1: Heading,
  h2: Heading,
  h3: Heading,
  h4: Heading,
  h5: Heading,
  h6: Heading,
};

function Heading({ dir, children }: { dir?: string; children?: ReactNode }) {
  return <h3 dir={dir}>{children}</h3>;
}

export const MarkdownRendered = memo(function MarkdownRendered({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
      {text}
    </ReactMarkdown>
  );
});
