/** What a client may send as a message: checked, and made into what is kept. */
import { mentionsIn } from './mentions.js';
import { snowflake } from './snowflake.js';
import { API_ERRORS, type Attachment, type Channel, MESSAGE_FLAGS, type Message, type Wire } from './types.js';
import type { World } from './world.js';

const CONTENT = 2_000;
const NONCE = 25;
const EMBEDS = 10;
const EMBED_TOTAL = 6_000;
const ROWS = 5;
const BUTTONS = 5;
const CUSTOM_ID = 100;
const LABEL = 80;

/** The parts of a message body that stand in it. @throws ApiError 50035, 50006 */
export function readMessageBody(world: World, channel: Channel, body: Wire, files: Attachment[], editing = false) {
  const changes: Partial<Message> = {};
  if (body.content != null) {
    const content = String(body.content);
    if ([...content].length > CONTENT) {
      throw API_ERRORS.invalidForm('content', 'BASE_TYPE_MAX_LENGTH', `Must be ${CONTENT} or fewer in length.`);
    }
    changes.content = content.trim();
    Object.assign(changes, mentionsOf(world, channel, content, body));
  } else if (body.content === null) changes.content = '';
  if (body.nonce !== undefined) changes.nonce = readNonce(body.nonce);
  if (body.embeds != null) changes.embeds = readEmbeds(body.embeds as Wire[]);
  if (body.components != null) changes.components = readComponents(body.components as Wire[]);
  if (files.length > 0) changes.attachments = described(files, (body.attachments ?? []) as Wire[]);
  if (body.flags !== undefined) changes.flags = Number(body.flags) & MESSAGE_FLAGS.ephemeral;
  const holds = changes.content || changes.embeds?.length || changes.components?.length || files.length > 0;
  if (!holds && !editing) throw API_ERRORS.empty();
  return changes;
}

/** The message that is replied to. @throws ApiError 50035 where it is gone and `fail_if_not_exists` is not false */
export function readReference(world: World, channel: Channel, body: Wire): Message['reference'] {
  const reference = body.message_reference as Wire | undefined;
  if (!reference) return undefined;
  const messageId = String(reference.message_id);
  if (world.messages.get(messageId)?.channelId === channel.id) return { messageId, channelId: channel.id };
  if (reference.fail_if_not_exists === false) return undefined;
  throw API_ERRORS.invalidForm('message_reference', 'MESSAGE_REFERENCE_UNKNOWN_MESSAGE', 'Unknown message');
}

function readNonce(nonce: unknown): string | number {
  if (typeof nonce === 'number' && Number.isSafeInteger(nonce)) return nonce;
  if (typeof nonce === 'string' && nonce.length <= NONCE) return nonce;
  throw API_ERRORS.invalidForm('nonce', 'NONCE_TYPE_TOO_LONG', `Must be ${NONCE} or fewer in length.`);
}

/** Who is notified: everybody who is mentioned, or those of them whom allowed_mentions lets through. */
function mentionsOf(world: World, channel: Channel, content: string, body: Wire) {
  const allowed = body.allowed_mentions as Wire | undefined;
  const parse = allowed ? ((allowed.parse ?? []) as string[]) : ['users', 'roles', 'everyone'];
  const listed = (allowed?.users ?? []) as string[];
  if (parse.includes('users') && listed.length > 0) {
    throw API_ERRORS.invalidForm(
      'allowed_mentions',
      'MUTUALLY_EXCLUSIVE',
      'parse:["users"] and users: [] are exclusive',
    );
  }
  const mentions = new Set(mentionsIn(world, content).filter((id) => parse.includes('users') || listed.includes(id)));
  const replied = (body.message_reference as Wire | undefined)?.message_id;
  const author = replied === undefined ? undefined : world.messages.get(String(replied))?.authorId;
  if (author !== undefined && (allowed ? allowed.replied_user === true : true)) mentions.add(author);
  const loud = /@everyone|@here/.test(content) && parse.includes('everyone');
  const mentionEveryone = loud && world.can(channel, world.application.userId, 'MENTION_EVERYONE');
  return { mentions: [...mentions], mentionEveryone };
}

function readEmbeds(embeds: Wire[]): Wire[] {
  if (embeds.length > EMBEDS) {
    throw API_ERRORS.invalidForm('embeds', 'BASE_TYPE_MAX_LENGTH', `Must be ${EMBEDS} or fewer in length.`);
  }
  let total = 0;
  const text = (value: unknown, maximum: number, path: string) => {
    if (value == null) return;
    const { length } = [...String(value)];
    total += length;
    if (length > maximum) {
      throw API_ERRORS.invalidForm(path, 'BASE_TYPE_MAX_LENGTH', `Must be ${maximum} or fewer in length.`);
    }
  };
  embeds.forEach((embed, i) => {
    text(embed.title, 256, `embeds.${i}.title`);
    text(embed.description, 4_096, `embeds.${i}.description`);
    text((embed.footer as Wire | undefined)?.text, 2_048, `embeds.${i}.footer.text`);
    const fields = (embed.fields ?? []) as Wire[];
    if (fields.length > 25)
      throw API_ERRORS.invalidForm(`embeds.${i}.fields`, 'BASE_TYPE_MAX_LENGTH', 'Must be 25 or fewer.');
    fields.forEach((field, j) => {
      for (const [key, maximum] of [
        ['name', 256],
        ['value', 1_024],
      ] as const) {
        const path = `embeds.${i}.fields.${j}.${key}`;
        if (!field[key]) throw API_ERRORS.invalidForm(path, 'BASE_TYPE_REQUIRED', 'This field is required');
        text(field[key], maximum, path);
      }
    });
  });
  if (total > EMBED_TOTAL) throw API_ERRORS.invalidForm('embeds', 'MAX_EMBED_SIZE_EXCEEDED', `Over ${EMBED_TOTAL}`);
  return embeds;
}

/** Rows of buttons and of other components: counts, lengths, and no two with one custom_id. */
function readComponents(rows: Wire[]): Wire[] {
  const fail = (path: string, message: string) => {
    throw API_ERRORS.invalidForm(path, 'BASE_TYPE_BAD_LENGTH', message);
  };
  if (rows.length > ROWS) fail('components', `Must be between 1 and ${ROWS} in length.`);
  const ids = new Set<string>();
  rows.forEach((row, i) => {
    const inside = (row.components ?? []) as Wire[];
    if (row.type !== 1) fail(`components.${i}.type`, 'Value of field "type" must be 1.');
    if (inside.length < 1 || inside.length > BUTTONS)
      fail(`components.${i}.components`, `Must be between 1 and ${BUTTONS}.`);
    inside.forEach((component, j) => {
      const path = `components.${i}.components.${j}`;
      const id = component.custom_id as string | undefined;
      if (component.type === 2 && component.style === 5 ? !component.url : !id) fail(path, 'A custom_id is required');
      if (id !== undefined && id.length > CUSTOM_ID)
        fail(`${path}.custom_id`, `Must be ${CUSTOM_ID} or fewer in length.`);
      if (id !== undefined && ids.has(id)) fail(`${path}.custom_id`, 'Component custom id cannot be duplicated');
      if (component.type === 2 && !component.label && !component.emoji) fail(path, 'A label or emoji is required');
      if (String(component.label ?? '').length > LABEL) fail(`${path}.label`, `Must be ${LABEL} or fewer in length.`);
      if (id !== undefined) ids.add(id);
    });
  });
  return rows.map((row, i) => ({
    ...row,
    id: i + 1,
    components: ((row.components ?? []) as Wire[]).map((component, j) => ({ id: 10 * (i + 1) + j, ...component })),
  }));
}

/** New files are numbered in the body by their place among those sent. */
function described(files: readonly Attachment[], given: readonly Wire[]): Attachment[] {
  return files.map((file, place) => {
    const entry = given.find(({ id }) => String(id) === String(place));
    return entry?.description == null ? file : { ...file, description: String(entry.description) };
  });
}

/** Files that came with a request, as attachments. */
export function attachmentsOf(files: readonly File[]): Promise<Attachment[]> {
  return Promise.all(
    files.map(async (file) => ({
      id: snowflake(),
      filename: file.name,
      contentType: file.type || 'application/octet-stream',
      bytes: new Uint8Array(await file.arrayBuffer()),
    })),
  );
}
