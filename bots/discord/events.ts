/** What Discord tells, handed to whoever deals with it. Nothing that is thrown here ends the bot. */
import {
  type ButtonInteraction,
  Events,
  type Interaction,
  MessageFlags,
  PermissionFlagsBits,
  type RepliableInteraction,
} from 'discord.js';
import { PalateClientError } from '../../src/client/index.js';
import {
  type Action,
  decodeAction,
  isGenuine,
  markOf,
  mayPress,
  problemText,
  type Verb,
  whoMay,
  wordsFor,
} from '../kit/index.js';
import { administer } from './admin-pages.js';
import type { Bot } from './bot.js';
import { SILENT } from './draw.js';
import { pressPage, showConsent, showTaste } from './member-pages.js';
import { ask, onMessage } from './questions.js';
import { isUserId } from './service.js';
import { isGone } from './surface.js';
import type { Tuning } from './tuning.js';
import { emojiText, pressContinue, pressVote, takeReaction } from './voting.js';

export function listenToPlatform(bot: Bot, tuning: Tuning): void {
  const { discord } = bot;
  const safely = (what: string, work: Promise<unknown>) => {
    work.catch((error: unknown) => {
      if (!isGone(error) && !bot.signal.aborted) bot.log.error(what, { error });
    });
  };
  discord.on(Events.MessageCreate, (message) => {
    safely('A message could not be answered', onMessage(bot, message));
  });
  discord.on(Events.MessageReactionAdd, (reaction, user) => {
    if (user.bot !== true)
      safely('A reaction could not be taken in', takeReaction(bot, placed(reaction), user.id, true));
  });
  discord.on(Events.MessageReactionRemove, (reaction, user) => {
    safely('A reaction could not be taken in', takeReaction(bot, placed(reaction), user.id, false));
  });
  discord.on(Events.MessageReactionRemoveAll, ({ channelId, id }) => {
    safely('Reactions could not be cleared', bot.tracker.clear(channelId, id, null));
  });
  discord.on(Events.MessageReactionRemoveEmoji, (reaction) => {
    const mark = markOf(bot.emojiMap, emojiText(reaction.emoji));
    const { channelId, id } = reaction.message;
    if (mark) safely('Reactions could not be cleared', bot.tracker.clear(channelId, id, mark));
  });
  discord.on(Events.InteractionCreate, (interaction) => {
    const work = onInteraction(bot, tuning, interaction);
    safely(
      'An interaction could not be answered',
      work.catch((error: unknown) => tell(bot, interaction, error)),
    );
  });
}

function placed<Emoji>(reaction: { message: { id: string; channelId: string }; emoji: Emoji }) {
  return { message: { id: reaction.message.id, channelId: reaction.message.channelId }, emoji: reaction.emoji };
}

async function onInteraction(bot: Bot, tuning: Tuning, interaction: Interaction): Promise<void> {
  if (!isUserId(interaction.user.id)) return;
  if (interaction.isButton()) return press(bot, tuning, interaction);
  if (!interaction.isChatInputCommand()) return;
  switch (interaction.commandName) {
    case 'ask':
      return ask(bot, interaction);
    case 'taste':
      return showTaste(bot, interaction);
    case 'consent':
      return showConsent(bot, interaction);
    case 'tune':
      return tuning.start(interaction);
    case 'palate':
      return administer(bot, interaction);
  }
}

/**
 * A button. Who may press it is looked up before anything is done; whoever may not is told so, and nobody else hears of it.
 */
async function press(bot: Bot, tuning: Tuning, interaction: ButtonInteraction): Promise<void> {
  const action = decodeAction(interaction.customId);
  const refusal = action ? await refusalOf(bot, interaction, action) : wordsFor(interaction.locale).vote.expired;
  if (!action || refusal !== null) {
    await interaction.reply({ content: refusal ?? '', flags: MessageFlags.Ephemeral });
    return;
  }
  await PRESSES[action.verb](bot, interaction, action, tuning);
}

type Press = (bot: Bot, interaction: ButtonInteraction, action: Action, tuning: Tuning) => Promise<unknown>;

const PRESSES: Readonly<Record<Verb, Press>> = {
  vote: pressVote,
  stop: async ({ answers }, interaction, { arguments: [generationId] }) => {
    await interaction.deferUpdate();
    await answers.stop(generationId);
  },
  continue: pressContinue,
  consent: async (bot, interaction, action, tuning) => {
    const [answer, then] = action.arguments;
    await pressPage(bot, interaction, action);
    if (answer === 'yes' && then === 'tune') await tuning.goOn(interaction);
  },
  community: pressPage,
  taste: showTaste,
  undo: pressPage,
  forget: pressPage,
  export: pressPage,
  tune: (_, interaction, action, tuning) => tuning.press(interaction, action),
};

/** Why somebody may not press a button; null where they may. */
async function refusalOf(bot: Bot, interaction: ButtonInteraction, action: Action): Promise<string | null> {
  const { vote } = wordsFor(interaction.locale);
  if (!isGenuine(action)) return vote.expired;
  if (whoMay(action) === 'ANYBODY') return null;
  const { user, channelId, message, memberPermissions } = interaction;
  const isStop = action.verb === 'stop';
  const asker = isStop
    ? bot.answers.askerOf(action.arguments[0], channelId)
    : ((await bot.tracker.find(channelId, message.id))?.asker ?? null);
  if (asker === null) return isStop ? vote.notWritten : vote.expired;
  const manages = async () => memberPermissions?.has(PermissionFlagsBits.ManageMessages) ?? false;
  return (await mayPress(action, { id: user.id, manages }, asker)) ? null : vote.notYours;
}

/** Says to whoever began it that something went wrong. */
async function tell(bot: Bot, interaction: Interaction, error: unknown): Promise<void> {
  if (!(error instanceof PalateClientError)) bot.log.error('An interaction failed', { error });
  if (!interaction.isRepliable()) return;
  const known = error instanceof PalateClientError ? error : { code: 'INTERNAL' as const };
  const reply = { content: problemText(known, wordsFor(interaction.locale)), ...SILENT };
  const answerable: RepliableInteraction = interaction;
  if (answerable.deferred || answerable.replied) await answerable.followUp({ ...reply, flags: MessageFlags.Ephemeral });
  else await answerable.reply({ ...reply, flags: MessageFlags.Ephemeral });
}
