/** /palate: what the people who manage a server can set. Discord shows the command to them alone; it is checked again here. */
import { type ChatInputCommandInteraction, MessageFlags, PermissionFlagsBits } from 'discord.js';
import { type GroupSettings, wordsFor } from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawPublicView } from './draw.js';

export async function administer(bot: Bot, interaction: ChatInputCommandInteraction): Promise<void> {
  const words = wordsFor(interaction.locale);
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  if (!interaction.guildId || !interaction.memberPermissions?.has(PermissionFlagsBits.ManageGuild)) {
    await interaction.editReply({ content: words.problem.adminsOnly });
    return;
  }
  const settings = await bot.settings.change(interaction.guildId, (present) => changed(present, interaction));
  const view = await bot.settings.view(settings, bot.client, words, (id) => `<#${id}>`);
  const saved = interaction.options.getSubcommand() === 'show' ? [] : [words.admin.saved];
  await interaction.editReply(drawPublicView({ ...view, text: saved }));
}

function changed(present: GroupSettings, { options }: ChatInputCommandInteraction): GroupSettings {
  switch (options.getSubcommand()) {
    case 'channel': {
      const { id } = options.getChannel('channel', true);
      const answer = options.getBoolean('answer') ?? present.channels[id]?.answer;
      const learn = options.getBoolean('learn') ?? present.channels[id]?.learn;
      const maxTokens = options.getInteger('tokens') ?? present.channels[id]?.maxTokens;
      return { ...present, channels: { ...present.channels, [id]: { answer, learn, maxTokens } } };
    }
    case 'limits': {
      const candidates = options.getInteger('candidates') ?? present.candidates;
      const maxTokens = options.getInteger('tokens') ?? present.maxTokens;
      return { ...present, candidates, maxTokens };
    }
    default:
      return present;
  }
}
