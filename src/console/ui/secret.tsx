/** A text that is shown this once, with a button that copies it. */
import { useRef } from 'react';
import { Copy } from './copy.js';

export function Secret({ label, text }: { label: string; text: string }) {
  const shown = useRef<HTMLElement>(null);
  return (
    <div className="secret">
      <p dir="auto">{label}</p>
      <code ref={shown}>{text}</code>
      <Copy text={text} shown={shown} />
    </div>
  );
}
