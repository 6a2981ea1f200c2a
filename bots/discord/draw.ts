/** The kit's views and pages in Discord's parts. Nobody is ever notified by what the bot posts. */
import {
  type APIActionRowComponent,
  type APIButtonComponentWithCustomId,
  type APIButtonComponentWithURL,
  type APIEmbed,
  ButtonStyle,
  ComponentType,
  MessageFlags,
} from 'discord.js';
import { type Button, encodeAction, splitText, type View } from '../kit/index.js';
import { encodePng } from './picture.js';

/** One message: text, and buttons below it. */
export interface Page {
  content: string;
  buttons: readonly (readonly Button[])[];
}

const STYLES = { primary: ButtonStyle.Primary, danger: ButtonStyle.Danger, plain: ButtonStyle.Secondary } as const;
const LABEL = 80;
const EMBED_TEXT = 4_000;
const FIELD = 1_024;
const PICTURE = 'taste.png';

export const SILENT = { allowedMentions: { parse: [], repliedUser: false } };

export function drawPage({ content, buttons }: Page) {
  return { content, components: drawButtons(buttons), ...SILENT };
}

/** A view as an embed. Only the one it is for sees it. */
export function drawView(view: View) {
  return { ...drawPublicView(view), flags: MessageFlags.Ephemeral as const };
}

/** A view for a place that only its reader sees anyway, or everybody may. */
export function drawPublicView({ title, text, fields, buttons, link, file }: View) {
  const [description] = splitText(text.join('\n\n'), EMBED_TEXT);
  const embed: APIEmbed = {
    title,
    ...(description !== '' && { description }),
    fields: fields.map(({ name, value }) => ({ name, value: splitText(value, FIELD)[0] })),
  };
  return {
    content: '',
    embeds: [embed],
    components: [...drawButtons(buttons), ...(link ? [drawLink(link)] : [])],
    files: file ? [{ name: file.name, attachment: Buffer.from(file.text) }] : [],
    ...SILENT,
  };
}

/** A public view and the picture that belongs to it, with what it shows in words. */
export async function drawWithPicture(view: View) {
  const drawn = drawPublicView(view);
  if (!view.picture) return drawn;
  const { picture, description } = view.picture;
  const file = { name: PICTURE, attachment: await encodePng(picture), description };
  const [embed] = drawn.embeds;
  return { ...drawn, embeds: [{ ...embed, image: { url: `attachment://${PICTURE}` } }], files: [...drawn.files, file] };
}

function drawButtons(rows: Page['buttons']): APIActionRowComponent<APIButtonComponentWithCustomId>[] {
  return rows
    .filter((row) => row.length > 0)
    .map((row) => ({
      type: ComponentType.ActionRow,
      components: row.map(({ action, label, style = 'plain', disabled = false }) => ({
        type: ComponentType.Button,
        style: STYLES[style],
        label: label.slice(0, LABEL),
        custom_id: encodeAction(action),
        disabled,
      })),
    }));
}

function drawLink({ label, url }: NonNullable<View['link']>): APIActionRowComponent<APIButtonComponentWithURL> {
  const button = { type: ComponentType.Button as const, style: ButtonStyle.Link as const };
  return { type: ComponentType.ActionRow, components: [{ ...button, label: label.slice(0, LABEL), url }] };
}
