/** Asks the plugins' hooks, one after the other, each with a time limit. */
import { messageOf, PalateError } from '../common/errors.js';
import type { Log } from '../common/log.js';
import type { GenerationHooks, JudgedPair } from '../services/generations/hooks.js';
import type { HookTurn, PairHookInput, PluginHooks } from './contract.js';
import { runInDomain } from './fault-domain.js';
import { withTimeout } from './timeout.js';

type Turns = Parameters<GenerationHooks['prompt']>[1];
type HookName = 'prompt' | 'candidate' | 'pair';

/** A plugin, as far as its hooks are concerned. */
export interface HookedPlugin {
  readonly name: string;
  readonly plugin: { readonly platform: string; readonly hooks?: PluginHooks };
  /** Its settings while it runs inside this process. */
  readonly context: { readonly config: Record<string, unknown> } | null;
  /** Whether an admin wants it to run. */
  readonly wanted: boolean;
}

/** Characters a hook may make of a text. */
const LONGEST = 64_000;

export class HookRunner implements GenerationHooks {
  private readonly plugins: HookedPlugin[] = [];

  /** @param timeMs for one hook */
  constructor(
    private readonly timeMs: number,
    private readonly log: Log,
  ) {}

  /** The order of adding is the order of asking. */
  add(plugin: HookedPlugin): void {
    if (plugin.plugin.hooks) this.plugins.push(plugin);
  }

  readsReplies(platform: string): boolean {
    return this.asked('candidate', platform).length > 0;
  }

  async prompt(platform: string, turns: Turns): ReturnType<GenerationHooks['prompt']> {
    const given = turns.map(({ role, content }) => ({ role: role.toUpperCase() as HookTurn['role'], content }));
    const heard = await this.pass<readonly HookTurn[]>('prompt', platform, given, (hooks, value, config) =>
      hooks.prompt?.({ platform, turns: value }, config),
    );
    return heard.map(({ role, content }) => ({ role: role.toLowerCase() as Turns[number]['role'], content }));
  }

  candidate(platform: string, prompt: string, text: string): Promise<string> {
    return this.pass('candidate', platform, text, (hooks, value, config) =>
      hooks.candidate?.({ platform, prompt, text: value }, config),
    );
  }

  weighsPairs(): boolean {
    return this.plugins.some(({ plugin }) => plugin.hooks?.pair !== undefined);
  }

  /** The weights of several plugins multiply. */
  pair(pair: JudgedPair): Promise<number> {
    return this.pass('pair', pair.platform, 1, async (hooks, value, config) => {
      const weight = await hooks.pair?.(pair as PairHookInput, config);
      return checked.pair(weight) ? (weight as number) * value : undefined;
    });
  }

  private asked(hook: HookName, platform: string): HookedPlugin[] {
    return this.plugins.filter(({ plugin: { hooks, platform: own }, context, wanted }) => {
      if (!hooks?.[hook] || (!hooks.everyPlatform && own !== platform)) return false;
      return context !== null || (wanted && hooks.required?.includes(hook));
    });
  }

  private async pass<T>(
    hook: HookName,
    platform: string,
    value: T,
    ask: (hooks: PluginHooks, value: T, config: Record<string, unknown>) => unknown,
  ): Promise<T> {
    let current = value;
    for (const { name, plugin, context } of this.asked(hook, platform)) {
      const hooks = plugin.hooks as PluginHooks;
      try {
        if (!context) throw new Error('it does not run inside the service');
        const leftBehind = (error: unknown) =>
          this.log.warn({ plugin: name, err: error }, 'Something that a hook left behind failed');
        const answer = await withTimeout(
          this.timeMs,
          runInDomain(leftBehind, async () => ask(hooks, current, context.config)),
          `no answer after ${this.timeMs} ms`,
        );
        if (!checked[hook](answer)) throw new Error('its answer is not what the hook is for');
        current = answer as T;
      } catch (error) {
        this.log.warn({ plugin: name, hook }, `A hook was left out: ${messageOf(error)}`);
        if (hooks.required?.includes(hook)) throw refusal(name, hook);
      }
    }
    return current;
  }
}

function refusal(name: string, hook: HookName): PalateError {
  const what = { prompt: 'prompt', candidate: 'reply', pair: 'vote' }[hook];
  return new PalateError(
    'MODEL_UNAVAILABLE',
    `The plugin ${name} has to look at every ${what}, and does not answer. Try again later; admins see why in "plugins".`,
  );
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= LONGEST && !value.includes('\0');

const checked: Record<HookName, (answer: unknown) => boolean> = {
  prompt: (answer) =>
    Array.isArray(answer) &&
    answer.length > 0 &&
    answer.every((turn) => ['SYSTEM', 'USER', 'ASSISTANT'].includes(turn?.role) && isText(turn.content)) &&
    answer.at(-1).role === 'USER',
  candidate: isText,
  pair: (answer) => typeof answer === 'number' && answer >= 0 && answer <= 1,
};
