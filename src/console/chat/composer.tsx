/** Where a question is written. Enter sends, Shift and Enter begin a new line; on a touch screen Enter begins one, and the button sends. */
import { type FormEvent, type KeyboardEvent, type Ref, useId } from 'react';
import { isTouchScreen, sends } from '../ui/keys.js';
import { amount } from '../ui/time.js';
import { MESSAGE_CHARACTERS, sendable } from './history.js';

export interface ComposerProps {
  text: string;
  writing: boolean;
  field: Ref<HTMLTextAreaElement>;
  onText: (text: string) => void;
  onSend: () => void;
  onStop: () => void;
}

export function Composer({ text, writing, field, onText, onSend, onStop }: ComposerProps) {
  const id = useId();
  const touch = isTouchScreen();
  const length = sendable(text).length;
  const tooLong = length > MESSAGE_CHARACTERS;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!writing && length > 0 && !tooLong) onSend();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (sends(event.nativeEvent, touch)) submit(event);
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
        dir="auto"
        value={text}
        placeholder="Ask anything"
        enterKeyHint={touch ? 'enter' : 'send'}
        aria-invalid={tooLong}
        aria-describedby={tooLong ? `${id}-long` : undefined}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {writing ? (
        <button type="button" onClick={onStop}>
          Stop
        </button>
      ) : (
        <button type="submit" className="primary" disabled={length === 0 || tooLong}>
          Send
        </button>
      )}
      {tooLong && (
        <p id={`${id}-long`} role="alert" className="bad small too-long">
          {amount(length)} characters; {amount(MESSAGE_CHARACTERS)} fit into one message. Shorten it, or send it in
          parts.
        </p>
      )}
    </form>
  );
}
