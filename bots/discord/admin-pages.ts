/** /palate: what the people who manage a server can set. Discord shows the command to them alone; it is checked again here. */
import { type ChatInputCommandInteraction, MessageFlags, PermissionFlagsBits } from 'discord.js';
import { type View, type Words, wordsFor } from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawPublicView } from './draw.js';
import type { GuildSettings } from './places.js';

export async function administer(bot: Bot, interaction: ChatInputCommandInteraction): Promise<void> {
  const words = wordsFor(interaction.locale);
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  if (!interaction.guildId || !interaction.memberPermissions?.has(PermissionFlagsBits.ManageGuild)) {
    await interaction.editReply({ content: words.problem.adminsOnly });
    return;
  }
  const settings = await bot.places.change(interaction.guildId, (present) => changed(present, interaction));
  const view = await settingsView(bot, settings, words);
  const saved = interaction.options.getSubcommand() === 'show' ? [] : [words.admin.saved];
  await interaction.editReply(drawPublicView({ ...view, text: saved }));
}

function changed(present: GuildSettings, { options }: ChatInputCommandInteraction): GuildSettings {
  switch (options.getSubcommand()) {
    case 'channel': {
      const { id } = options.getChannel('channel', true);
      const answer = options.getBoolean('answer') ?? present.channels[id]?.answer;
      const learn = options.getBoolean('learn') ?? present.channels[id]?.learn;
      return { ...present, channels: { ...present.channels, [id]: { answer, learn } } };
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

async function settingsView({ client, config }: Bot, settings: GuildSettings, { admin }: Words): Promise<View> {
  const pool = await client.pool();
  const channels = Object.entries(settings.channels).map(([id, { answer = true, learn = true }]) => {
    const state = answer ? `${admin.learning}: ${learn ? admin.on : admin.off}` : admin.off;
    return `<#${id}>: ${state}`;
  });
  const { candidates = config.candidates, maxTokens = config.maxTokens } = settings;
  return {
    title: admin.title,
    text: [],
    fields: [
      { name: admin.channels, value: channels.length > 0 ? channels.slice(0, 20).join('\n') : admin.allChannels },
      { name: admin.limits, value: admin.limitsValue(candidates, maxTokens) },
      { name: admin.model, value: admin.modelValue(pool.model, pool.ready) },
    ],
    buttons: [],
  };
}
