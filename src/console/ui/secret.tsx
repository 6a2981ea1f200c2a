/** A text that is shown this once, with a button that copies it. */
import { useState } from 'react';

export function Secret({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    // Without https a page may not touch the clipboard; the text can still be marked by hand.
    await navigator.clipboard?.writeText(text);
    setCopied(navigator.clipboard !== undefined);
  };
  return (
    <div className="secret">
      <p>{label}</p>
      <code>{text}</code>
      <button type="button" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
