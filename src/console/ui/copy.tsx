/** A button that copies a text, or where the browser forbids that, marks it to be copied by hand. */
import { type ReactNode, type RefObject, useState } from 'react';

export interface CopyProps {
  text: string;
  /** Where the text stands. */
  shown: RefObject<HTMLElement | null>;
  children?: ReactNode;
}

export function Copy({ text, shown, children = 'Copy' }: CopyProps) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Without https, or where it is forbidden, a page may not touch the clipboard.
      if (shown.current) window.getSelection()?.selectAllChildren(shown.current);
    }
  };
  return (
    <button type="button" onClick={() => void copy()}>
      {copied ? 'Copied' : children}
    </button>
  );
}
