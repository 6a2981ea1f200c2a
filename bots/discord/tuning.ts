/** /tune: a member's tuning round, shown to them alone in the answer to their command. */
import { type ButtonInteraction, type ChatInputCommandInteraction, MessageFlags } from 'discord.js';
import {
  type Action,
  choiceOf,
  consentQuestion,
  PLATFORM_LIMITS,
  type ShowRound,
  TuneRounds,
  tuneView,
  wordsFor,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawPublicView } from './draw.js';
import { memberOf } from './service.js';

type Asked = ChatInputCommandInteraction | ButtonInteraction;

export class Tuning {
  private readonly rounds: TuneRounds;

  constructor({ client, storage, signal, config: { system } }: Bot) {
    this.rounds = new TuneRounds({ client, storage, signal, system });
  }

  /** Begins a round, or shows the one that was not finished; where learning was not agreed to, that is asked first. */
  async start(interaction: Asked): Promise<void> {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    if (await this.rounds.mustAsk(tunerOf(interaction))) {
      await interaction.editReply(drawPublicView(consentQuestion(wordsFor(interaction.locale), 'tune')));
      return;
    }
    await this.rounds.start(tunerOf(interaction), wordsFor(interaction.locale), async () => shownTo(interaction));
  }

  /** Begins a round behind an answer about consent that stands there already. */
  async goOn(interaction: ButtonInteraction): Promise<void> {
    const message = await interaction.followUp({ content: '…', flags: MessageFlags.Ephemeral });
    await this.rounds.start(tunerOf(interaction), wordsFor(interaction.locale), async () =>
      shownTo(interaction, message.id),
    );
  }

  async press(interaction: ButtonInteraction, action: Action): Promise<void> {
    const choice = choiceOf(action.arguments);
    if (!choice) return this.start(interaction);
    await interaction.deferUpdate();
    await this.rounds.press(tunerOf(interaction), choice, shownTo(interaction));
  }
}

function tunerOf({ user }: Asked) {
  return { id: user.id, member: memberOf(user.id) };
}

/** In the answer to an interaction, or in a message behind that. */
function shownTo(interaction: Asked, message = '@original'): ShowRound {
  return (round) => {
    const view = tuneView(round, wordsFor(round.tag), PLATFORM_LIMITS.discord.message);
    return interaction.editReply({ ...drawPublicView(view), message });
  };
}
