/** Chat: every question gets two replies, and every choice between them teaches. */
import { type RefObject, useEffect, useId, useRef, useState } from 'react';
import { useObservable } from '../observable.js';
import { useSession } from '../session/context.js';
import { isPlain } from '../ui/keys.js';
import { type ChatRoom, REPLIES } from './chat-room.js';
import { Composer } from './composer.js';
import { choiceOf, type Turn } from './conversation.js';
import { lengthWords, type ReplyLength } from './length.js';
import { TurnView } from './turn-view.js';
import { Welcome } from './welcome.js';

export function ChatPage({ room }: { room: ChatRoom }) {
  const conversation = useObservable(room.conversation);
  const writing = useObservable(room.writing);
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const last = conversation.at(-1);
  useChoosingKeys(room, last, field);
  useFollowing(list, conversation.length, last);
  const ask = (prompt: string) => {
    setText('');
    room.ask(prompt);
  };

  return (
    <div className="chat">
      <h1 className="hidden">Chat</h1>
      {conversation.length === 0 ? (
        <Welcome onAsk={ask} />
      ) : (
        <div className="turns" ref={list}>
          {conversation.map((turn) => (
            <TurnView
              key={turn.key}
              turn={turn}
              count={REPLIES}
              onVote={room.vote}
              onAskAgain={turn === last && !writing ? room.askAgain : undefined}
              onGoOn={writing ? undefined : room.goOn}
            />
          ))}
        </div>
      )}
      <div className="composer-row">
        <Composer
          text={text}
          writing={writing}
          field={field}
          onText={setText}
          onSend={() => ask(text)}
          onStop={room.stop}
        />
        <div className="hint dim">
          <Hint last={last} />
          <Length length={room.length} />
          {conversation.length > 0 && (
            <button type="button" className="quiet" onClick={room.clear}>
              New chat
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

function Hint({ last }: { last: Turn | undefined }) {
  const learning = useObservable(useSession().member)?.consent.learn;
  const written = last?.status === 'COMPLETE';
  const open = written && last.verdict === null;
  return (
    <p className={open || learning === 'DENIED' ? undefined : 'idle'}>
      {open ? (
        <>
          <span className="by-keys">
            <kbd>1</kbd> <kbd>2</kbd> choose, <kbd>=</kbd> equally good, <kbd>x</kbd> none of them.
          </span>
          <span className="by-touch">Swipe the better reply to the right, or tap its button.</span>
        </>
      ) : learning === 'DENIED' ? (
        <>
          Nothing is learned: you said no under <a href="#/taste">Taste</a>.
        </>
      ) : written ? (
        'Choose again to change your choice, or ask something else.'
      ) : (
        'How each reply was made stays hidden until you choose.'
      )}
    </p>
  );
}

function Length({ length }: { length: ReplyLength }) {
  const tokens = useObservable(length.tokens);
  const id = useId();
  return (
    <span className="length">
      <label htmlFor={id}>Length</label>
      <select id={id} value={tokens} onChange={(event) => length.choose(Number(event.target.value))}>
        {length.offered.map((offered) => (
          <option key={offered} value={offered}>
            {lengthWords(offered)}
          </option>
        ))}
      </select>
    </span>
  );
}

/**
 * 1, 2, = and x choose between the newest replies while nothing is being typed. An empty message counts as nothing typed: with replies
 * waiting for a choice, a key that chooses is more likely meant as one.
 */
function useChoosingKeys(room: ChatRoom, last: Turn | undefined, field: RefObject<HTMLTextAreaElement | null>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!isPlain(event) || last?.status !== 'COMPLETE') return;
      const target = event.target as HTMLElement;
      const typing = target.matches('input, textarea, select');
      const emptyMessage = target === field.current && field.current.value === '' && last.verdict === null;
      if (typing && !emptyMessage) return;
      const choice = choiceOf(event.key, last.replies.length);
      if (choice === null) return;
      event.preventDefault();
      if (typeof choice === 'number') room.vote(last, 'CHOSEN', last.replies[choice].id);
      else room.vote(last, choice, null);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [room, last, field]);
}

/** Keeps the newest turn in sight, unless somebody has scrolled up to read. */
function useFollowing(list: RefObject<HTMLDivElement | null>, count: number, last: Turn | undefined): void {
  const seen = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every growth of the last turn is followed.
  useEffect(() => {
    const page = document.scrollingElement;
    if (!list.current || !page) return;
    const near = page.scrollHeight - page.scrollTop - page.clientHeight < 240;
    if (count !== seen.current || near) page.scrollTop = page.scrollHeight;
    seen.current = count;
  }, [list, count, last]);
}
