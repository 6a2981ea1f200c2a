/** The card that is written beside a checkpoint: what it is, how it was trained, what it reached. */
import type { PretrainResult } from '../learning/clap/pretrain.js';
import type { Reached } from '../learning/clap/response/reached.js';
import type { ResponseSettings } from '../learning/clap/response/settings.js';
import type { EarlyEnd } from '../learning/clap/response/stage.js';

/** @param bytes the checkpoint file's size */
export function modelCard(model: string, digest: string, bytes: number, result: PretrainResult): string {
  const { checkpoint, reconstruction, response, before, ended } = result;
  const { own, other, zero, none, contrastAccuracy, prompts, replies } = reconstruction;
  const { response: raising, ...training } = checkpoint.training;
  return `# CLaP checkpoint for ${model}

Posterior encoder \`pooled\` and latent adapter, trained by \`palate pretrain\` for the model file with SHA-256
\`${checkpoint.modelDigest}\`. Other files of the same model do not fit.

- File: ${(bytes / 1e6).toFixed(1)} MB of safetensors, SHA-256 \`${digest}\`
- Trained on replies that the model itself wrote to prompts of this project; no other text took part
- Licence: Apache-2.0, as the project's

## On ${prompts} prompts it never saw (${replies} replies)

| negative log-likelihood of a reply, nat a token | |
|---|---|
| behind its own latent | ${fixed(own)} |
| behind another reply's latent | ${fixed(other)} |
| behind z = 0 | ${fixed(zero)} |
| without a prefix | ${fixed(none)} |
| replies likelier behind their own latent than another's | ${fixed(contrastAccuracy)} |

## Response: what replies do with the latent they are written behind

${2 * response.pairs} replies of at most ${response.tokens} tokens to ${response.prompts} prompts it never saw, half of them behind z and half behind -z, of length
${response.length} along drawn directions. The slope is how far the posterior mean moves per unit of z, ± its standard error.

${responseTable(before, result)}${ended ? `\n${earlyEnd(ended, raising as ResponseSettings)}\n` : ''}
## Settings

${settingsTable(training)}${before ? `\n### Of the steps that raised the response\n\n${settingsTable(raising as object)}` : ''}`;
}

const fixed = (value: number): string => value.toFixed(3);

/** What was reached; where the response was raised, beside what was reached before. */
function responseTable(before: Reached | undefined, after: Reached): string {
  const reached = before ? [before, after] : [after];
  const row = (name: string, show: (of: Reached) => string) => `| ${[name, ...reached.map(show)].join(' | ')} |`;
  const directions = after.response.byDirection.map(({ first, last }, i) =>
    row(
      `slope along principal direction${first === last ? ` ${first + 1}` : `s ${first + 1} to ${last + 1}`}`,
      ({ response }) => slope(response.byDirection[i]),
    ),
  );
  return `${[
    row('', (of) => (before && of === before ? 'before its response was raised' : 'this checkpoint')),
    `|---|${reached.map(() => '---|').join('')}`,
    row('slope', ({ response }) => slope(response)),
    ...directions,
    row('negative log-likelihood of the replies without a prefix, nat a token', ({ response }) =>
      fixed(response.drift),
    ),
    row('distinct-2 of the replies', ({ response }) => fixed(response.distinct2)),
    ...(before ? [row('behind own / other / zero / no latent, as above', likelihoods)] : []),
  ].join('\n')}\n`;
}

const earlyEnd = ({ responseStep, zeroCost, keptStep }: EarlyEnd, settings: ResponseSettings): string =>
  `The raising ended early, at step ${responseStep} of ${settings.steps}: there z = 0 cost ${zeroCost.toFixed(4)} nat a token against no prefix, and it may cost
${settings.zeroCost}. The adapter of step ${keptStep} was kept.`;

const slope = ({ slope, error }: { slope: number; error: number }): string => `${fixed(slope)} ± ${fixed(error)}`;

const likelihoods = ({ reconstruction: { own, other, zero, none } }: Reached): string =>
  [own, other, zero, none].map(fixed).join(' / ');

/** Numbers and texts; what holds more is told elsewhere on the card. */
function settingsTable(settings: object): string {
  const rows = Object.entries(settings).filter(([, value]) => typeof value !== 'object');
  const shown = (value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  return `| | |\n|---|---|\n${rows.map(([name, value]) => `| ${name} | ${shown(value)} |\n`).join('')}`;
}
