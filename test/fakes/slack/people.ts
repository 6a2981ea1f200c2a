/** What people do on the local Slack: write, mention, react, press buttons, use commands, open pages. */
import { buttonsIn } from './blocks.js';
import type { Delivery } from './delivery.js';
import type { Channel, Install, Interaction, Message, Team, User, Wire } from './types.js';
import { messageWire, type World } from './world.js';

export class People {
  constructor(
    private readonly world: World,
    private readonly delivery: Delivery,
  ) {}

  /** Writes. A mention of the bot brings `app_mention` beside the message itself, as the subscriptions have it. */
  say(user: User, channelId: string, text: string, { threadTs }: { threadTs?: string } = {}): Message {
    const { world } = this;
    const channel = world.channel(channelId);
    const message = world.addMessage({ channel: channelId, user: user.id, text, threadTs });
    const install = this.installOf(channel);
    const team = world.teams.get(channel.teamId) as Team;
    const wire = { ...messageWire(message), team: user.teamId, channel: channelId, event_ts: message.ts };
    if (channel.kind === 'im') world.tell(channelId, { ...wire, channel_type: 'im' });
    else if (text.includes(`<@${install.botUserId}>`)) {
      this.delivery.send(team, install, { ...wire, type: 'app_mention' });
    }
    return message;
  }

  /** Changes what was written: a `message_changed` event, where messages are subscribed to. */
  edit(message: Message, text: string): void {
    const previous = messageWire(message);
    message.text = text;
    const channel = this.world.channel(message.channel);
    const { id, kind } = channel;
    const ts = this.world.ts();
    this.world.tell(id, {
      type: 'message',
      subtype: 'message_changed',
      channel: id,
      channel_type: kind,
      message: { ...messageWire(message), edited: { user: message.user, ts } },
      previous_message: previous,
      ts,
      event_ts: ts,
      hidden: true,
    });
  }

  react(user: User, message: Message, name: string): void {
    this.world.addReaction(message, user.id, name);
  }

  unreact(user: User, message: Message, name: string): void {
    this.world.removeReaction(message, user.id, name);
  }

  /** The buttons of a message, by label. */
  buttons({ blocks }: Pick<Message, 'blocks'>): Map<string, Wire> {
    return buttonsIn(blocks);
  }

  press(user: User, message: Message, label: string): Interaction {
    const button = this.button(message.blocks, label);
    const interaction = this.begin(user, message.channel);
    interaction.message = message;
    interaction.threadTs = message.threadTs;
    const channel = this.world.channel(message.channel);
    const at = { message_ts: message.ts, channel_id: channel.id, is_ephemeral: message.ephemeralFor !== undefined };
    return this.send(interaction, 'interactive', {
      ...this.actions(user, button),
      container: { type: 'message', ...at, ...(message.threadTs && { thread_ts: message.threadTs }) },
      channel: { id: channel.id, name: channel.name },
      message: messageWire(message),
      response_url: this.responseUrl(interaction),
    });
  }

  /** Presses a button on the app's home page. */
  pressHome(user: User, label: string): Interaction {
    const view = this.world.homes.get(user.id) as Wire;
    const button = this.button(view.blocks, label);
    const interaction = this.begin(user, null);
    return this.send(interaction, 'interactive', {
      ...this.actions(user, button),
      container: { type: 'view', view_id: view.id },
      view: { ...view, type: 'home' },
    });
  }

  command(user: User, channel: Channel, text: string, command = '/palate'): Interaction {
    const team = this.world.teams.get(user.teamId) as Team;
    const interaction = this.begin(user, channel.id);
    return this.send(interaction, 'slash_commands', {
      token: 'deprecated-verification-token',
      team_id: team.id,
      team_domain: team.name,
      ...(team.enterpriseId && { enterprise_id: team.enterpriseId }),
      is_enterprise_install: String(this.world.installIn(team.id)?.teamId === null),
      channel_id: channel.id,
      channel_name: channel.name,
      user_id: user.id,
      user_name: user.name,
      command,
      text,
      api_app_id: this.world.secrets.appId,
      response_url: this.responseUrl(interaction),
      trigger_id: interaction.id,
    });
  }

  openHome(user: User, tab = 'home'): void {
    const team = this.world.teams.get(user.teamId) as Team;
    const install = this.world.installIn(team.id) as Install;
    const { id } = this.world.directChannel(install, user);
    const event = { type: 'app_home_opened', user: user.id, channel: id, tab, event_ts: this.world.ts() };
    this.delivery.send(team, install, event);
  }

  /** Opens the assistant beside whatever is on the screen: a new thread in the direct channel. */
  openAssistant(user: User): { channel: Channel; threadTs: string } {
    const team = this.world.teams.get(user.teamId) as Team;
    const install = this.world.installIn(team.id) as Install;
    const channel = this.world.directChannel(install, user);
    const root = this.world.addMessage({ channel: channel.id, user: install.botUserId, text: 'New Assistant Thread' });
    root.threadTs = root.ts;
    this.delivery.send(team, install, {
      type: 'assistant_thread_started',
      assistant_thread: { user_id: user.id, context: {}, channel_id: channel.id, thread_ts: root.ts },
      event_ts: this.world.ts(),
    });
    return { channel, threadTs: root.ts };
  }

  /** Takes the app out of a workspace. */
  uninstall(team: Team): void {
    const { installs } = this.world;
    const install = this.world.installIn(team.id) as Install;
    installs.splice(installs.indexOf(install), 1);
    this.delivery.send(team, install, { type: 'app_uninstalled', event_ts: this.world.ts() });
  }

  private actions(user: User, button: Wire): Wire {
    const team = this.world.teams.get(user.teamId) as Team;
    return {
      type: 'block_actions',
      user: { id: user.id, username: user.name, name: user.name, team_id: team.id },
      api_app_id: this.world.secrets.appId,
      team: { id: team.id, domain: team.name, ...(team.enterpriseId && { enterprise_id: team.enterpriseId }) },
      enterprise: team.enterpriseId ? { id: team.enterpriseId, name: 'org' } : null,
      is_enterprise_install: this.world.installIn(team.id)?.teamId === null,
      trigger_id: this.world.id('trigger'),
      actions: [{ ...button, block_id: 'block', action_ts: this.world.ts() }],
    };
  }

  private button(blocks: readonly Wire[], label: string): Wire {
    const buttons = buttonsIn(blocks);
    const button = buttons.get(label);
    if (!button) throw new Error(`There is no button ${label} among ${[...buttons.keys()].join(', ')}.`);
    return button;
  }

  private begin(user: User, channel: string | null): Interaction {
    const interaction: Interaction = {
      id: this.world.id('I'),
      userId: user.id,
      channel,
      answeredAfter: null,
      failed: false,
      answers: [],
      acknowledged: null,
      responses: 0,
    };
    this.world.interactions.set(interaction.id, interaction);
    return interaction;
  }

  private send(interaction: Interaction, kind: 'interactive' | 'slash_commands', payload: Wire): Interaction {
    void this.delivery.interact(kind, payload, interaction);
    return interaction;
  }

  private responseUrl({ id }: Interaction): string {
    return `${this.world.url}/response/${id}`;
  }

  private installOf(channel: Channel): Install {
    const install = this.world.installIn(channel.teamId);
    if (!install) throw new Error('The app is not installed there.');
    return install;
  }
}
