/** Where something happens. */
export interface Place {
  /** The workspace or organisation that the app is installed in: with it a person's id is whole. */
  scope: string;
  /** The workspace. */
  team: string;
  channel: string;
  /** The first message of the thread; undefined where there is none. */
  thread?: string;
  /** Whether only the person and the bot are there. */
  direct: boolean;
}
