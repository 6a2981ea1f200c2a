/** Where a question is written. Enter sends, Shift and Enter begin a new line. */
import { type FormEvent, type KeyboardEvent, type Ref, useId } from 'react';

export interface ComposerProps {
  text: string;
  writing: boolean;
  field: Ref<HTMLTextAreaElement>;
  onText: (text: string) => void;
  onSend: () => void;
  onStop: () => void;
}

/** As the contract says it. */
const PROMPT_CHARACTERS = 8_000;

export function Composer({ text, writing, field, onText, onSend, onStop }: ComposerProps) {
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!writing && text.trim() !== '') onSend();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
  };
  return (
    <form className="composer" onSubmit={submit}>
      <label htmlFor={id} className="hidden">
        Your message
      </label>
      <textarea
        id={id}
        ref={field}
        rows={1}
        value={text}
        maxLength={PROMPT_CHARACTERS}
        placeholder="Ask anything"
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {writing ? (
        <button type="button" onClick={onStop}>
          Stop
        </button>
      ) : (
        <button type="submit" className="primary" disabled={text.trim() === ''}>
          Send
        </button>
      )}
    </form>
  );
}
