/** What the map of tastes shows. */

export interface MapPointView {
  x: number;
  y: number;
}

/** One of the member's own judged replies. */
export interface ReplyPointView extends MapPointView {
  candidateId: string;
  /** Whether the member preferred it. */
  chosen: boolean;
}

export interface TasteDirectionView {
  /** Its place in `tasteOffset`. */
  index: number;
  /** Where the member's taste lies along it. */
  value: number;
  /** The member's own judged replies that lie furthest towards either end; null where there are none with a text. */
  low: string | null;
  high: string | null;
}

export interface TasteMapView {
  /** Null while nothing is learned. */
  taste: MapPointView | null;
  replies: ReplyPointView[];
  /** Nobody's in particular. */
  others: MapPointView[];
  directions: TasteDirectionView[];
}

/** The win rate as it stood after one more vote. */
export interface WinRatePointView {
  at: Date;
  wins: number;
  losses: number;
  ties: number;
  rate: number | null;
  low: number | null;
  high: number | null;
}
