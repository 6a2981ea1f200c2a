/** What the gateway and a plugin's process say to each other; JSON. */
import type { LogFacts, PluginHealth, PluginLog } from './contract.js';

export type ToChild =
  | {
      kind: 'start';
      file: string;
      url: string;
      key: string;
      input: Record<string, unknown>;
      loadMs: number;
      stopMs: number;
    }
  | {
      kind: 'diagnose';
      file: string;
      url: string;
      key: string;
      input: Record<string, unknown>;
      loadMs: number;
      timeMs: number;
    }
  | { kind: 'health'; id: number }
  | { kind: 'stop' };

export type FromChild =
  | { kind: 'ready' }
  | { kind: 'started' }
  | { kind: 'findings'; findings: unknown }
  | { kind: 'health'; id: number; health?: PluginHealth; error?: string; setup?: boolean }
  | { kind: 'failed'; message: string; setup: boolean }
  | { kind: 'log'; level: keyof PluginLog; message: string; facts: LogFacts };
