/** How the bot stands with Slack: whether it is reached, and whether Slack still takes its tokens. */
import { type PluginHealth, PluginSetupError } from '../../src/plugins/contract.js';
import { Outage } from '../kit/index.js';
import type { SlackConfig } from './config.js';
import type { Links } from './receivers.js';
import { reasonOf, refusal } from './refusals.js';
import { tokenProblem, type Workspaces } from './workspaces.js';

/** Milliseconds between two looks whether a token is still good, and whether the Web API is back. */
const LOOK_MS = 60_000;
const LOOK_AGAIN_MS = 10_000;
const TOLD = 3;

export class Standing {
  private readonly socket = new Outage();
  private readonly api = new Outage();
  private lookedAt = performance.now();

  constructor(
    private readonly config: SlackConfig,
    private readonly workspaces: Workspaces,
    private readonly links: Pick<Links, 'isConnected' | 'refused'>,
  ) {}

  /** Something happened that a look should be taken for. */
  lookSoon(): void {
    this.lookedAt = Number.NEGATIVE_INFINITY;
  }

  /** @throws PluginSetupError where Slack has come to refuse a token for good */
  async health(): Promise<PluginHealth> {
    const { links, config, workspaces } = this;
    const refused = links.refused();
    if (refused !== null) throw appTokenProblem(refused);
    if (!links.isConnected())
      return this.socket.health((since) => `The connection to Slack was lost at ${since}. It is being made anew.`);
    this.socket.over();
    await this.look();
    const refusals = await workspaces.refusals();
    if (config.botToken !== undefined && refusals.length > 0) throw new PluginSetupError(tokenProblem(refusals[0].why));
    if (this.api.since !== null)
      return this.api.health(
        (since, why) => `Slack's API has been in trouble since ${since}${why}. It is asked again.`,
      );
    const install = `${config.publicUrl?.replace(/\/$/, '')}/slack/install`;
    const count = (await workspaces.scopes()).length;
    if (refusals.length > 0) {
      const named = refusals.slice(0, TOLD).map(({ scope, why }) => `${scope} (${why})`);
      const more = refusals.length > TOLD ? ', …' : '';
      const message = `Slack takes the tokens for ${named.join(', ')}${more} no more. Add the app there again: ${install}`;
      return { ok: refusals.length < count, message, recovers: true };
    }
    if (count === 0) return { ok: true, message: `Install it: ${install}` };
    return { ok: true, message: `Connected in ${count} ${count === 1 ? 'workspace' : 'workspaces'}.` };
  }

  /** Asks Slack now and then about one workspace; the others tell when they are used. */
  private async look(): Promise<void> {
    const pause = this.api.since === null ? LOOK_MS : LOOK_AGAIN_MS;
    if (performance.now() - this.lookedAt < pause) return;
    this.lookedAt = performance.now();
    const [scope] = await this.workspaces.scopes();
    if (scope === undefined) return;
    try {
      const { once } = await this.workspaces.at(scope);
      await once.auth.test();
      this.api.over();
    } catch (error) {
      if (refusal(error) === null) this.api.began(reasonOf(error, this.config.api));
    }
  }
}

export function appTokenProblem(why: string, cause?: unknown): PluginSetupError {
  return new PluginSetupError(
    `Slack does not take the app-level token (${why}). Make one with connections:write at api.slack.com/apps, your app, "Basic Information", and switch on Socket Mode.`,
    { cause },
  );
}
