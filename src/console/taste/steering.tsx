/** Sliders for how strongly the taste is applied, and along its strongest directions, with a reply that changes as they are dragged. */
import { Slider } from 'radix-ui';
import { useEffect, useId, useMemo, useState } from 'react';
import type { TasteMap } from '../../client/index.js';
import { sendable } from '../chat/history.js';
import { WaitingLine } from '../chat/waiting-line.js';
import { Markdown } from '../ui/markdown.js';
import { leaning, nameOfDirection, shownDirections } from './directions.js';
import { useSample } from './use-sample.js';

/** As the contract says it. */
const STRENGTH_MAXIMUM = 1.5;
const OFFSET_MAXIMUM = 3;

export function Steering({ directions, version }: { directions: TasteMap['directions']; version: number }) {
  const [strength, setStrength] = useState(1);
  const [offsets, setOffsets] = useState<Readonly<Record<number, number>>>({});
  const [prompt, setPrompt] = useState('What makes a good evening?');
  const field = useId();
  const still = strength === 1 && Object.values(offsets).every((offset) => offset === 0);
  const moved = useMemo(() => Object.keys(offsets).map(Number), [offsets]);
  const shown = shownDirections(directions, moved);
  const sample = useSample({ prompt: sendable(prompt), strength, tasteOffset: offsetList(offsets), version });
  return (
    <div className="steering">
      <label htmlFor={field} className="hidden">
        Question to try
      </label>
      <input id={field} dir="auto" value={prompt} maxLength={300} onChange={(event) => setPrompt(event.target.value)} />
      <p className="dim small">How it would begin to answer:</p>
      <div className="sample" aria-live="polite" aria-busy={sample.writing} data-testid="sample">
        {sample.problem ? (
          <p className="bad">{sample.problem}</p>
        ) : sample.text === '' ? (
          <span className="caret" aria-hidden="true" />
        ) : (
          <Markdown text={sample.text} />
        )}
      </div>
      <WaitingLine waiting={sample.waiting} />
      <Range
        name="Strength of your taste"
        value={strength}
        minimum={0}
        maximum={STRENGTH_MAXIMUM}
        step={0.05}
        words={`${Math.round(strength * 100)} %`}
        low="none of it"
        high="more than learned"
        onChange={setStrength}
      />
      <details>
        <summary>Push it along its strongest directions</summary>
        {strength === 0 && (
          <p className="dim small">With none of the taste applied, its directions do nothing either.</p>
        )}
        <p className="dim small">
          Replies differ along these directions, which are the same for everybody and keep their numbers. What one of
          them does has no name: push it, and read how the answer changes.
        </p>
        {shown.map(({ index, value }) => (
          <Range
            key={index}
            name={nameOfDirection(index)}
            value={offsets[index] ?? 0}
            minimum={-OFFSET_MAXIMUM}
            maximum={OFFSET_MAXIMUM}
            step={0.25}
            words={signed(offsets[index] ?? 0)}
            low="to the left"
            middle={leaning(value)}
            high="to the right"
            onChange={(offset) => setOffsets({ ...offsets, [index]: offset })}
          />
        ))}
      </details>
      <div className="row row-apart">
        <span className="dim small">Only for trying: what you have taught stays as it is.</span>
        <button
          type="button"
          className="quiet"
          disabled={still}
          onClick={() => {
            setStrength(1);
            setOffsets({});
          }}
        >
          Reset
        </button>
      </div>
    </div>
  );
}

interface RangeProps {
  name: string;
  value: number;
  minimum: number;
  maximum: number;
  step: number;
  /** The value as people say it. */
  words: string;
  low: string;
  middle?: string;
  high: string;
  onChange: (value: number) => void;
}

function Range({ name, value, minimum, maximum, step, words, low, middle, high, onChange }: RangeProps) {
  const [shown, setShown] = useState(value);
  useEffect(() => setShown(value), [value]);
  return (
    <div className="range">
      <div className="row row-apart">
        <span className="range-name">{name}</span>
        <span className="dim">{words}</span>
      </div>
      <Slider.Root
        className={minimum < 0 ? 'slider slider-middle' : 'slider'}
        min={minimum}
        max={maximum}
        step={step}
        value={[shown]}
        onValueChange={([next]) => {
          setShown(next);
          onChange(next);
        }}
      >
        <Slider.Track className="slider-track">
          <Slider.Range className="slider-range" />
        </Slider.Track>
        <Slider.Thumb className="slider-thumb" aria-label={name} aria-valuetext={words} />
      </Slider.Root>
      <div className="row row-apart ends dim">
        <span>{low}</span>
        {middle && <span className="leaning">{middle}</span>}
        <span>{high}</span>
      </div>
    </div>
  );
}

/** By index, as `tasteOffset` takes them. */
function offsetList(offsets: Readonly<Record<number, number>>): number[] {
  const moved = Object.entries(offsets).filter(([, offset]) => offset !== 0);
  const length = Math.max(0, ...moved.map(([index]) => Number(index) + 1));
  return Array.from({ length }, (_, index) => offsets[index] ?? 0);
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value);
}
