/** What people do on the local Discord: write, react, press, use commands. They may do what their permissions let them. */
import { mentionsIn } from './mentions.js';
import { snowflake } from './snowflake.js';
import type { Interaction, Message, User, Wire } from './types.js';
import { channelWire, memberWire, messageWire, permissionText, userWire } from './wire.js';
import type { World } from './world.js';

export interface SayOptions {
  replyTo?: Message;
  /** Whether the reply mentions whom it is to, as it does unless that is switched off. */
  ping?: boolean;
}

/** An interaction as its person sees it. */
export class SeenInteraction {
  constructor(
    private readonly world: World,
    readonly interaction: Interaction,
  ) {}

  /** The message that answers it, ephemeral ones included; undefined while there is none. */
  get message(): Message | undefined {
    const { originalId } = this.interaction;
    return originalId === undefined ? undefined : this.world.messages.get(originalId);
  }

  get followups(): Message[] {
    return this.interaction.followups.flatMap((id) => this.world.messages.get(id) ?? []);
  }
}

export class People {
  constructor(private readonly world: World) {}

  say(user: User, channelId: string, content: string, { replyTo, ping = true }: SayOptions = {}): Message {
    const channel = this.world.channel(channelId);
    if (!this.world.can(channel, user.id, channel.parentId ? 'SEND_MESSAGES_IN_THREADS' : 'SEND_MESSAGES')) {
      throw new Error(`${user.username} may not write in ${channel.name}.`);
    }
    const mentions = new Set(mentionsIn(this.world, content));
    if (replyTo && ping) mentions.add(replyTo.authorId);
    return this.world.addMessage({
      channelId,
      authorId: user.id,
      content,
      mentions: [...mentions],
      reference: replyTo && { messageId: replyTo.id, channelId },
    });
  }

  edit(message: Message, content: string): void {
    this.world.editMessage(message, { content, mentions: mentionsIn(this.world, content) });
  }

  react(user: User, message: Message, emoji: string): void {
    this.world.addReaction(message, user.id, emoji);
  }

  unreact(user: User, message: Message, emoji: string): void {
    this.world.removeReaction(message, user.id, emoji);
  }

  /** Uses a registered command. `options` by name; a subcommand is `{ name: { options } }`. */
  command(user: User, channelId: string, name: string, options: Wire = {}): SeenInteraction {
    const { guildId } = this.world.channel(channelId);
    const all = [...(this.world.commands.get(guildId ?? '') ?? []), ...(this.world.commands.get('') ?? [])];
    const command = all.find((known) => known.name === name);
    if (!command) throw new Error(`There is no command /${name}. Known: ${all.map((known) => known.name).join(', ')}.`);
    const known = (command.options ?? []) as Wire[];
    const { data: given, resolved } = this.options(known, options);
    const data = { id: command.id, name, type: 1, options: given, ...(resolved && { resolved }) };
    return this.begin(user, channelId, 2, data, { name });
  }

  /** Presses a button that stands on a message the user sees. */
  press(user: User, message: Message, customId: string): SeenInteraction {
    const components = message.components.flatMap((row) => (row.components ?? []) as Wire[]);
    const button = components.find((component) => component.custom_id === customId);
    if (!button) throw new Error(`There is no button ${customId} on message ${message.id}.`);
    if (button.disabled) throw new Error(`The button ${customId} is disabled.`);
    const data = { custom_id: customId, component_type: button.type ?? 2, id: button.id };
    return this.begin(user, message.channelId, 3, data, { message });
  }

  /** The buttons of a message by label, with what they carry. */
  buttons(message: Message): Map<string, string> {
    const components = message.components.flatMap((row) => (row.components ?? []) as Wire[]);
    return new Map(components.map(({ label, custom_id: id }) => [String(label), String(id)]));
  }

  private options(known: Wire[], given: Wire): { data: Wire[]; resolved?: Wire } {
    const channels: Wire = {};
    const data = Object.entries(given).map(([name, value]): Wire => {
      const option = known.find((entry) => entry.name === name);
      if (!option) throw new Error(`The command has no option ${name}.`);
      if (option.type === 1 || option.type === 2) {
        const inner = this.options((option.options ?? []) as Wire[], value as Wire);
        Object.assign(channels, (inner.resolved?.channels as Wire) ?? {});
        return { name, type: option.type, options: inner.data };
      }
      if (option.type === 7) {
        channels[String(value)] = { ...channelWire(this.world, this.world.channel(String(value))), permissions: '0' };
      }
      return { name, type: option.type, value };
    });
    return { data, ...(Object.keys(channels).length > 0 && { resolved: { channels } }) };
  }

  private begin(
    user: User,
    channelId: string,
    type: number,
    data: Wire,
    { name, message }: { name?: string; message?: Message },
  ): SeenInteraction {
    const { world } = this;
    const channel = world.channel(channelId);
    const guild = channel.guildId === undefined ? undefined : world.guild(channel.guildId);
    const token = `interaction-${snowflake()}`;
    const interaction: Interaction = {
      id: snowflake(),
      token,
      type,
      name,
      userId: user.id,
      channelId,
      createdAt: Date.now(),
      messageId: message?.id,
      answer: null,
      answeredAfter: null,
      followups: [],
    };
    world.interactions.set(token, interaction);
    const permissions = permissionText(world.permissions(channel, user.id));
    const person = guild
      ? { member: { ...memberWire(guild, user.id), user: userWire(user), permissions } }
      : { user: userWire(user) };
    world.dispatch({
      name: 'INTERACTION_CREATE',
      guildId: guild?.id,
      channelId,
      intents: 0,
      data: () => ({
        id: interaction.id,
        application_id: world.application.id,
        type,
        data,
        channel_id: channelId,
        channel: channelWire(world, channel),
        ...(guild && { guild_id: guild.id, guild: { id: guild.id, features: [], locale: guild.locale } }),
        ...(guild && { guild_locale: guild.locale }),
        ...person,
        ...(message && { message: messageWire(world, message, true) }),
        token,
        version: 1,
        locale: user.locale,
        app_permissions: permissionText(world.permissions(channel, world.application.userId)),
        entitlements: [],
        authorizing_integration_owners: {},
        context: guild ? 0 : 1,
        attachment_size_limit: 10_485_760,
      }),
    });
    return new SeenInteraction(world, interaction);
  }
}
