// Loads TypeScript sources in this thread and in every worker thread it starts (they inherit --import).
import { register } from 'tsx/esm/api';

register();
