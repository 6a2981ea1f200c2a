/** The doctor's look at the language model and its checkpoint, as the next start would find them. */
import { basename } from 'node:path';
import { type Settings, VARIABLES } from '../../common/config.js';
import { messageOf } from '../../common/errors.js';
import { checkpointFolders } from '../../common/installation.js';
import { DEFAULT_MODEL } from '../../language-model/catalogue.js';
import { findModel } from '../../language-model/fetch.js';
import { openGguf } from '../../language-model/gguf.js';
import type { LanguageModelFile } from '../../language-model/model.js';
import { findCheckpoint, requireCheckpoint } from '../../learning/find-checkpoint.js';
import { ok, type PartFinding, problem, warning } from './findings.js';

export async function modelFindings(settings: Settings): Promise<PartFinding[]> {
  try {
    const path = await findModel(settings.model, settings.data, settings.origin.model);
    if (path === null) {
      const what = settings.model ?? DEFAULT_MODEL.name;
      return [warning(`The model ${what} is not here yet.`, 'The next start fetches it, which needs a network.')];
    }
    const model = await openGguf(path);
    return [fileFinding(model), ...(await checkpointFindings(settings, model))];
  } catch (error) {
    return [problem(messageOf(error), `${VARIABLES.model} names another model.`)];
  }
}

function fileFinding({ path, digest, config }: LanguageModelFile): PartFinding {
  if (basename(path) === DEFAULT_MODEL.file && digest !== DEFAULT_MODEL.digest) {
    return problem(
      `The model file ${path} was changed or is damaged: its SHA-256 is ${digest}, not ${DEFAULT_MODEL.digest}.`,
      'Remove it: the next start fetches it again.',
    );
  }
  return ok(`The model is ${config.name}: ${path}, SHA-256 ${digest}.`);
}

async function checkpointFindings({ checkpoint: chosen, data }: Settings, model: LanguageModelFile) {
  if (chosen) {
    try {
      const { digest } = await requireCheckpoint(chosen, model.digest);
      return [ok(`The checkpoint ${chosen} fits the model; SHA-256 ${digest}.`)];
    } catch (error) {
      return [problem(messageOf(error), null)];
    }
  }
  const { checkpoint, unusable } = await findCheckpoint(checkpointFolders(data), model.digest);
  const broken = unusable.map((message) => warning(message, 'Remove the file, or train it again.'));
  if (checkpoint) return [...broken, ok(`There is a checkpoint for the model; SHA-256 ${checkpoint.digest}.`)];
  const advice = '"palate pretrain" makes one; or serve a model that has one.';
  return [...broken, warning('There is no checkpoint for the model: replies are the same for everybody.', advice)];
}
