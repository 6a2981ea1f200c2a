/** The card that is written beside a checkpoint: what it is, how it was trained, what it reached. */
import type { PretrainResult } from '../learning/clap/pretrain.js';

/** @param bytes the checkpoint file's size */
export function modelCard(
  model: string,
  digest: string,
  bytes: number,
  { checkpoint, reconstruction }: PretrainResult,
): string {
  const { own, other, zero, none, contrastAccuracy, prompts, replies } = reconstruction;
  const n = (value: number) => value.toFixed(3);
  const settings = Object.entries(checkpoint.training).filter(([, value]) => typeof value !== 'object');
  return `# CLaP checkpoint for ${model}

Posterior encoder \`pooled\` and latent adapter, trained by \`palate pretrain\` for the model file with SHA-256
\`${checkpoint.modelDigest}\`. Other files of the same model do not fit.

- File: ${(bytes / 1e6).toFixed(1)} MB of safetensors, SHA-256 \`${digest}\`
- Trained on replies that the model itself wrote to prompts of this project; no other text took part
- Licence: Apache-2.0, as the project's

## On ${prompts} prompts it never saw (${replies} replies)

| negative log-likelihood of a reply, nat a token | |
|---|---|
| behind its own latent | ${n(own)} |
| behind another reply's latent | ${n(other)} |
| behind z = 0 | ${n(zero)} |
| without a prefix | ${n(none)} |
| replies likelier behind their own latent than another's | ${n(contrastAccuracy)} |

## Settings

| | |
|---|---|
${settings.map(([name, value]) => `| ${name} | ${typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value} |`).join('\n')}
`;
}
