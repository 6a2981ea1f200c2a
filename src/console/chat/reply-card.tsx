/** One reply: read it, then choose it by click, key or swipe. Says how it was made only once the vote is cast. */
import { type PointerEvent, useRef } from 'react';
import type { CandidateRole } from '../../client/index.js';
import { Markdown } from '../ui/markdown.js';

const ROLE_WORDS: Record<CandidateRole, { name: string; means: string }> = {
  PERSONAL: { name: 'With your taste', means: 'Written with what was learned about you' },
  BASE: { name: 'Without your taste', means: 'Written by the plain model' },
  EXPLORE: { name: 'Exploring', means: 'Strays from what is known, to learn something from your choice' },
};

/** Pixels after which a swipe to the right is a choice. */
const SWIPE = 88;

export interface ReplyCardProps {
  place: number;
  text: string;
  writing: boolean;
  /** It is being gone on with; the choice is open. */
  goingOn?: boolean;
  /** It ends where it may be no longer. */
  cut?: boolean;
  /** Goes on with a reply that was cut; missing where that is not possible. */
  onGoOn?: () => void;
  /** The vote is cast. */
  decided: boolean;
  chosen: boolean;
  /** How it was made; told only after the vote. */
  made: CandidateRole | undefined;
  /** What choosing it says. */
  word?: string;
  onChoose: () => void;
}

export function ReplyCard(props: ReplyCardProps) {
  const { place, text, writing, goingOn = false, decided, chosen, made, word = 'Better', onChoose } = props;
  const swipe = useSwipe(writing ? null : onChoose);
  const state = writing ? 'writing' : chosen ? 'chosen' : decided ? 'passed' : 'open';
  return (
    <article
      className={`reply reply-${state}`}
      aria-label={`Reply ${place + 1}${chosen ? ', your choice' : ''}`}
      data-testid={`reply-${place + 1}`}
      data-role={made}
      {...swipe}
    >
      <div className="reply-text" aria-busy={writing || goingOn}>
        {text === '' && !writing && <p className="dim">(empty)</p>}
        {text !== '' && <Markdown text={text} />}
        {((text === '' && writing) || goingOn) && <span className="caret" aria-hidden="true" />}
        {props.cut && !goingOn && <Cut place={place} onGoOn={props.onGoOn} />}
      </div>
      <footer className="reply-foot">
        <button type="button" className="choose" disabled={writing} aria-pressed={chosen} onClick={onChoose}>
          <span className="key" aria-hidden="true">
            {place + 1}
          </span>
          {chosen ? 'Your choice' : word}
          <span className="hidden"> (reply {place + 1})</span>
        </button>
        {made && (
          <span className={`role role-${made.toLowerCase()}`} title={ROLE_WORDS[made].means}>
            {ROLE_WORDS[made].name}
          </span>
        )}
      </footer>
    </article>
  );
}

function Cut({ place, onGoOn }: { place: number; onGoOn?: () => void }) {
  return (
    <p className="cut dim small">
      Cut off here: it reached its longest.
      {onGoOn && (
        <button type="button" onClick={onGoOn}>
          Continue<span className="hidden"> reply {place + 1}</span>
        </button>
      )}
    </p>
  );
}

/** A swipe to the right with a finger; up and down still scrolls. Moves the element itself, not React. */
function useSwipe(onSwipe: (() => void) | null) {
  const start = useRef<{ id: number; x: number; y: number } | null>(null);
  const move = (element: HTMLElement, distance: number) => {
    element.style.transform = distance > 0 ? `translateX(${distance}px)` : '';
    element.classList.toggle('swiped', distance >= SWIPE);
  };
  const end = (event: PointerEvent<HTMLElement>, counts: boolean) => {
    const from = start.current;
    start.current = null;
    if (!from || from.id !== event.pointerId) return;
    move(event.currentTarget, 0);
    if (counts && event.clientX - from.x >= SWIPE) onSwipe?.();
  };
  return {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (!onSwipe || event.pointerType === 'mouse') return;
      start.current = { id: event.pointerId, x: event.clientX, y: event.clientY };
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const from = start.current;
      if (!from || from.id !== event.pointerId) return;
      const right = event.clientX - from.x;
      if (right > Math.abs(event.clientY - from.y)) move(event.currentTarget, Math.min(right, SWIPE * 1.5));
    },
    onPointerUp: (event: PointerEvent<HTMLElement>) => end(event, true),
    onPointerCancel: (event: PointerEvent<HTMLElement>) => end(event, false),
  };
}
