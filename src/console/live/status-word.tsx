/** A plugin's state in a word. */
import type { Plugin } from '../../client/index.js';

const WORDS: Record<Plugin['status'], { word: string; tone: 'good' | 'bad' | 'plain' }> = {
  BROKEN: { word: 'broken', tone: 'bad' },
  UNCONFIGURED: { word: 'needs settings', tone: 'plain' },
  STOPPED: { word: 'stopped', tone: 'plain' },
  STARTING: { word: 'starting', tone: 'plain' },
  RUNNING: { word: 'runs', tone: 'good' },
  UNWELL: { word: 'unwell', tone: 'bad' },
  WAITING: { word: 'failed, is tried again', tone: 'bad' },
  STOPPING: { word: 'stopping', tone: 'plain' },
};

export function StatusWord({ status }: { status: Plugin['status'] }) {
  const { word, tone } = WORDS[status];
  return <span className={`state tone-${tone}`}>{word}</span>;
}
