/** What was learned about a member, and what they can do about it. */
import type { Member, TasteMap } from '../../src/client/index.js';
import { mapPicture } from './map-picture.js';
import { action, type Button, rowsOf, type View } from './view.js';
import type { Words } from './words/index.js';

/** Versions listed, newest first, and those of them that can be gone back to by button. */
const LISTED = 5;
const UNDO_BUTTONS = 3;

export type TasteMember = Pick<Member, 'encoder' | 'winRate'>;

/** The page behind /taste. A member the service does not know yet is null, as is a map that is not drawn. */
export function tasteView(member: TasteMember | null, words: Words, map: TasteMap | null = null): View {
  const { taste } = words;
  if (!member || (member.encoder.version === 0 && member.encoder.versions.length === 0)) {
    return {
      title: taste.title,
      text: [taste.nothing],
      fields: [],
      buttons: [[tuneButton(words), ...(member ? [forgetButton(words)] : [])]],
    };
  }
  const { encoder } = member;
  const picture = map && mapPicture(map, words);
  const date = new Intl.DateTimeFormat(words.tag, { dateStyle: 'medium', timeZone: 'UTC' });
  const history = encoder.versions
    .slice(0, LISTED)
    .map(({ version, verdictCount, createdAt, accepted }) =>
      taste.historyLine(version, verdictCount, date.format(new Date(createdAt)), accepted),
    );
  return {
    title: taste.title,
    text: [],
    fields: [
      { name: taste.version, value: taste.versionValue(encoder.version, encoder.verdictCount) },
      { name: taste.winRate, value: winRateText(member.winRate, words) },
      ...(history.length > 0 ? [{ name: taste.history, value: history.join('\n') }] : []),
      ...(picture ? [{ name: taste.map, value: taste.mapLegend }] : []),
    ],
    ...(picture && { picture }),
    buttons: rowsOf([
      ...undoButtons(member, words),
      tuneButton(words),
      { action: action('export'), label: taste.export },
      forgetButton(words),
    ]),
  };
}

/** The question before everything about a member is deleted. */
export function forgetQuestion({ taste }: Words): View {
  return {
    title: taste.forget,
    text: [taste.forgetQuestion],
    fields: [],
    buttons: [
      [
        { action: action('forget', 'yes'), label: taste.forgetYes, style: 'danger' },
        { action: action('forget', 'no'), label: taste.keep },
      ],
    ],
  };
}

/** A taste handed over as a file. */
export function exportView(data: string, { taste }: Words): View {
  return {
    title: taste.export,
    text: [taste.exported],
    fields: [],
    buttons: [],
    file: { name: 'taste.json', text: data },
  };
}

function winRateText({ wins, losses, rate, low, high }: TasteMember['winRate'], { tag, taste }: Words): string {
  if (rate === null) return taste.noWinRate;
  const percent = new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: 0 });
  const text = (value: number | null) => percent.format(value ?? 0);
  return taste.winRateValue(text(rate), text(low), text(high), wins + losses);
}

/** The newest versions before the one that serves, which were let serve. */
function undoButtons({ encoder }: TasteMember, { taste }: Words): Button[] {
  const earlier = encoder.versions.filter(({ version, accepted }) => accepted && version < encoder.version);
  const targets = [...earlier.map(({ version }) => version).sort((a, b) => b - a), 0];
  return encoder.version === 0
    ? []
    : targets
        .slice(0, UNDO_BUTTONS)
        .map((version) => ({ action: action('undo', version), label: taste.undoTo(version) }));
}

function tuneButton({ taste }: Words): Button {
  return { action: action('tune', 'start'), label: taste.tune, style: 'primary' };
}

function forgetButton({ taste }: Words): Button {
  return { action: action('forget'), label: taste.forget, style: 'danger' };
}
