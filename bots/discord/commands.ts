/** The slash commands as they are registered, in every language that the bot speaks. */
import {
  type APIApplicationCommandBasicOption,
  ApplicationCommandOptionType,
  ChannelType,
  InteractionContextType,
  Locale,
  type LocalizationMap,
  PermissionFlagsBits,
  type RESTPostAPIApplicationCommandsJSONBody,
} from 'discord.js';
import { LANGUAGES, type OptionName, REPLY_TOKENS, type Words, wordsFor } from '../kit/index.js';

/** Discord's locales that a language is shown to. */
const LOCALES: Record<string, readonly Locale[]> = {
  en: [Locale.EnglishUS, Locale.EnglishGB],
  de: [Locale.German],
  ja: [Locale.Japanese],
};
const ENGLISH = wordsFor('en');

export function commandDefinitions(): RESTPostAPIApplicationCommandsJSONBody[] {
  const inServers = [InteractionContextType.Guild];
  const everywhere = [InteractionContextType.Guild, InteractionContextType.BotDM];
  const described = (name: keyof Words['commands']) => ({ name, ...texts((words) => words.commands[name]) });
  return [
    {
      ...described('ask'),
      contexts: everywhere,
      options: [{ ...option('prompt'), type: ApplicationCommandOptionType.String, required: true, max_length: 2_000 }],
    },
    { ...described('taste'), contexts: everywhere },
    { ...described('consent'), contexts: everywhere },
    { ...described('tune'), contexts: everywhere },
    {
      ...described('palate'),
      contexts: inServers,
      default_member_permissions: String(PermissionFlagsBits.ManageGuild),
      options: [
        { ...subcommand('show', ({ admin }) => admin.title), options: [] },
        { ...subcommand('channel', ({ admin }) => admin.channels), options: channelOptions() },
        { ...subcommand('limits', ({ admin }) => admin.limits), options: limitOptions() },
      ],
    },
  ];
}

function channelOptions(): APIApplicationCommandBasicOption[] {
  const types: (ChannelType.GuildText | ChannelType.GuildAnnouncement)[] = [
    ChannelType.GuildText,
    ChannelType.GuildAnnouncement,
  ];
  return [
    { ...option('channel'), type: ApplicationCommandOptionType.Channel, channel_types: types, required: true },
    { ...option('answer'), type: ApplicationCommandOptionType.Boolean },
    { ...option('learn'), type: ApplicationCommandOptionType.Boolean },
    tokensOption(),
  ];
}

function limitOptions(): APIApplicationCommandBasicOption[] {
  return [
    { ...option('candidates'), type: ApplicationCommandOptionType.Integer, min_value: 1, max_value: 4 },
    tokensOption(),
  ];
}

function tokensOption(): APIApplicationCommandBasicOption {
  const { minimum, maximum } = REPLY_TOKENS;
  return {
    ...option('tokens'),
    type: ApplicationCommandOptionType.Integer,
    min_value: minimum,
    max_value: maximum,
  };
}

function subcommand(name: string, text: (words: Words) => string) {
  return { name, ...texts(text), type: ApplicationCommandOptionType.Subcommand as const };
}

function option(name: OptionName) {
  return { name, ...texts((words) => words.options[name]) };
}

function texts(text: (words: Words) => string): { description: string; description_localizations: LocalizationMap } {
  const entries = LANGUAGES.flatMap((words) => (LOCALES[words.tag] ?? []).map((locale) => [locale, text(words)]));
  return { description: text(ENGLISH), description_localizations: Object.fromEntries(entries) };
}
