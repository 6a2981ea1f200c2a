/** The tuning round: a thread in the direct channel, one message that is changed from prompt to prompt. */
import {
  type Action,
  choiceOf,
  consentQuestion,
  type ShowRound,
  TUNE_QUESTIONS,
  type TuneRound,
  TuneRounds,
  tuneView,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { LIMIT } from './draft.js';
import { drawTune, drawView } from './draw.js';
import type { Asking } from './pages.js';
import type { Place } from './place.js';
import { memberOf } from './service.js';
import { changeInTurn, postOnce } from './surface.js';
import { slackWords } from './words.js';

export class Tuning {
  private readonly rounds: TuneRounds;

  constructor(private readonly bot: Bot) {
    const { client, storage, signal, config } = bot;
    this.rounds = new TuneRounds({ client, storage, signal, system: config.system });
  }

  /** Begins a round, or shows the one that was not finished, in the direct channel; where learning was not agreed to, that is asked first. */
  async start(asking: Asking): Promise<void> {
    if (await this.rounds.mustAsk(tunerOf(asking))) return asking.reply(consentQuestion(asking.words, 'tune'));
    await this.rounds.start(tunerOf(asking), asking.words, async (round, goesOn) => {
      const { place, ts } = await this.seat(asking, round, goesOn);
      if (place.channel !== asking.channel) await asking.reply(asking.words.slack.inDirect);
      return this.shownAt(place, ts);
    });
  }

  async press(asking: Asking, action: Action): Promise<void> {
    const choice = choiceOf(action.arguments);
    const { scope, team, channel, message, thread } = asking;
    if (!choice || channel === null || message === null) return this.start(asking);
    await this.rounds.press(
      tunerOf(asking),
      choice,
      this.shownAt({ scope, team, channel, thread, direct: true }, message),
    );
  }

  /** A thread of its own, with the message that the round is played in. */
  private async seat(
    { scope, team, user, words, at }: Asking,
    round: TuneRound,
    goesOn: boolean,
  ): Promise<{ place: Place; ts: string }> {
    const { api } = await this.bot.workspaces.at(scope);
    const { channel } = await api.conversations.open({ users: user });
    const direct: Place = { scope, team, channel: channel?.id ?? '', direct: true };
    const { tune } = words;
    const intro = goesOn ? tune.running : tune.intro(TUNE_QUESTIONS);
    const head = drawView({ title: tune.title, text: [intro], fields: [], buttons: [] });
    const key = `tune:${scope}:${user}:${at}`;
    const place = { ...direct, thread: await postOnce(this.bot, direct, head, key) };
    return { place, ts: await postOnce(this.bot, place, drawn(round), `${key}/0`) };
  }

  private shownAt(place: Place, ts: string): ShowRound {
    return (round) => changeInTurn(this.bot, place, ts, drawn(round));
  }
}

function tunerOf({ scope, user }: Asking) {
  return { id: `${scope}/${user}`, member: memberOf(user, scope) };
}

function drawn(round: TuneRound) {
  return drawTune(tuneView(round, slackWords(round.tag), LIMIT));
}
