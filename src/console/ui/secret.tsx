/** A text that is shown this once, with a button that copies it. */
import { useRef, useState } from 'react';

export function Secret({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState(false);
  const shown = useRef<HTMLElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Without https, or where it is forbidden, a page may not touch the clipboard: the text is marked, to be copied by hand.
      if (shown.current) window.getSelection()?.selectAllChildren(shown.current);
    }
  };
  return (
    <div className="secret">
      <p dir="auto">{label}</p>
      <code ref={shown}>{text}</code>
      <button type="button" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
