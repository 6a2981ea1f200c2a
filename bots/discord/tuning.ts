/** /tune: a member's tuning round, shown to them alone in the answer to their command. */
import { type ButtonInteraction, type ChatInputCommandInteraction, MessageFlags } from 'discord.js';
import { type Action, choiceOf, PLATFORM_LIMITS, type ShowRound, TuneTable, tuneView, wordsFor } from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawPublicView } from './draw.js';
import { memberOf } from './service.js';

type Asked = ChatInputCommandInteraction | ButtonInteraction;

export class Tuning {
  private readonly table: TuneTable;

  constructor({ client, storage, signal, config: { system } }: Bot) {
    this.table = new TuneTable({ client, storage, signal, system });
  }

  /** Begins a round, or shows the one that was not finished. */
  async start(interaction: Asked): Promise<void> {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    await this.table.start(tunerOf(interaction), wordsFor(interaction.locale), async () => shownTo(interaction));
  }

  async press(interaction: ButtonInteraction, action: Action): Promise<void> {
    const choice = choiceOf(action.arguments);
    if (!choice) return this.start(interaction);
    await interaction.deferUpdate();
    await this.table.press(tunerOf(interaction), choice, shownTo(interaction));
  }
}

function tunerOf({ user }: Asked) {
  return { id: user.id, member: memberOf(user.id) };
}

function shownTo(interaction: Asked): ShowRound {
  return (round) => {
    const view = tuneView(round, wordsFor(round.tag), PLATFORM_LIMITS.discord.message);
    return interaction.editReply(drawPublicView(view));
  };
}
