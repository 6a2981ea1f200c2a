/** The part of vader-sentiment (a port of VADER, Hutto and Gilbert 2014) that the benches use; the package has no types. */
declare module 'vader-sentiment' {
  export const SentimentIntensityAnalyzer: {
    polarity_scores(text: string): { neg: number; neu: number; pos: number; compound: number };
  };
}
