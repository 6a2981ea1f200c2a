/** The bot's own words in German. */
import type { Words } from './words.js';

const count = (number: number, one: string, many: string) => `${number} ${number === 1 ? one : many}`;

const votes = (number: number) => (number === 0 ? 'keine Stimme' : count(number, 'Stimme', 'Stimmen'));

/** So long as somebody has to wait. */
const span = (seconds: number) =>
  seconds < 120 ? count(seconds, 'Sekunde', 'Sekunden') : count(Math.ceil(seconds / 60), 'Minute', 'Minuten');

export const GERMAN: Words = {
  tag: 'de',
  vote: {
    several: ({ tie, allBad }, replies) =>
      `Welche ist ${replies > 2 ? 'am besten' : 'besser'}? ${tie} gleich gut, ${allBad} keine.`,
    single: 'War das eine gute Antwort?',
    cancelled: 'Abgebrochen.',
    expired: 'Über diese Antworten kann nicht mehr abgestimmt werden.',
    counted: (what) => `Gezählt: ${what}. Noch einmal drücken nimmt es zurück.`,
    withdrawn: 'Zurückgenommen.',
    learningOff: 'In diesem Kanal werden keine Stimmen gesammelt.',
    notYours: 'Das kann nur, wer gefragt hat.',
    tie: 'Gleich gut',
    allBad: 'Keine',
    up: 'Gut',
    down: 'Schlecht',
    regenerate: 'Neue Antworten',
    stop: 'Anhalten',
    waiting: (ahead, seconds) =>
      `${ahead === 0 ? 'Deine Frage ist als nächste dran' : `Deine Frage wartet, ${ahead} vor ihr`}: etwa ${span(seconds)}.`,
    received: 'Deine Frage ist da. Einen Augenblick, bitte.',
    cut: (which) => `Bei der größten Länge abgeschnitten${which === '' ? '' : `: ${which}`}.`,
    goOn: (letter) => (letter === '' ? 'Weiter' : `Weiter mit ${letter}`),
    goesOn: 'Es geht unten weiter.',
    interrupted: 'Ich wurde beim Schreiben neu gestartet. Bitte frage noch einmal.',
    notWritten: 'An dieser Antwort wird nicht mehr geschrieben.',
  },
  problem: {
    busy: (seconds) => `Gerade ist zu viel los. Bitte in ${span(seconds)} noch einmal versuchen.`,
    noModel: (seconds) => `Das Sprachmodell ist noch nicht bereit. Bitte in ${span(seconds)} noch einmal versuchen.`,
    noStore: (seconds) =>
      `Die Datenbank antwortet gerade nicht, darum lässt sich nichts festhalten. Bitte in ${span(seconds)} noch einmal versuchen.`,
    tooLong: (characters) =>
      characters === null
        ? 'Das ist mehr, als ich auf einmal lesen kann. Bitte kürzer, oder ein neues Gespräch anfangen.'
        : `Das ist zu lang. Bitte höchstens ${characters} Zeichen.`,
    refused: (why) => `Damit kann der Dienst nichts anfangen${why === null ? '.' : `: ${why}`}`,
    forbidden: 'Das erlaubt mir der Dienst nicht.',
    noKey: 'Der Dienst kennt mich gerade nicht. Bitte in einer Minute noch einmal versuchen.',
    notThere: 'Das gibt es nicht mehr.',
    changed: 'Inzwischen hat sich etwas geändert, darum geht das nicht mehr.',
    stopped: 'Abgebrochen.',
    unreachable: 'Der Dienst antwortet gerade nicht. Bitte später noch einmal versuchen.',
    other: 'Hier ist etwas schiefgegangen. Es steht im Protokoll.',
    emptyPrompt: 'Was möchtest du fragen?',
    mentionMe:
      'Diese Antwort kann ich nicht lesen. Um mich zu fragen, erwähne mich oder lass beim Antworten die Erwähnung an.',
    missingPermissions: (names, channel) =>
      `Ich kann in ${channel} nicht antworten: Mir ${names.length === 1 ? 'fehlt die Berechtigung' : 'fehlen die Berechtigungen'} ${names.join(', ')}.`,
    channelOff: 'In diesem Kanal antworte ich nicht.',
    adminsOnly: 'Das dürfen nur Leute, die diesen Server verwalten.',
  },
  consent: {
    title: 'Darf ich aus deinen Stimmen lernen?',
    question:
      'Wenn du über meine Antworten abstimmst, kann ich lernen, was dir gefällt, nur für dich. Ich lerne nur aus meinen eigenen Antworten, deiner Frage dazu und deinen Stimmen, nie aus anderen Nachrichten. Mit /taste kannst du alles ansehen, rückgängig machen oder löschen.',
    yes: 'Ja, lernen',
    no: 'Nein',
    granted: 'Ich lerne aus deinen Stimmen.',
    denied: 'Ich lerne nicht aus deinen Stimmen.',
    unasked: 'Du hast noch nicht entschieden. Bis dahin warten deine Stimmen.',
    thanks: 'Danke. Ab jetzt zählen deine Stimmen, auch die, die gewartet haben.',
    thanksAgain:
      'Danke. Ab jetzt zählen deine Stimmen, und die früher gezählten zählen wieder. Stimmen, die beim Nein gewartet haben, zählen nicht.',
    refused:
      'In Ordnung. Deine Stimmen ändern nichts. Die wartenden zählen auch dann nicht, wenn du später zustimmst; die schon gezählten würden dann wieder zählen.',
    communityOn: 'Andere sehen deinen Geschmack auf ihrer Karte als Punkt ohne Namen. Kein Wort von dir ist zu sehen.',
    communityOff: 'Deinen Geschmack siehst nur du.',
    shareCommunity: 'Anderen ohne Namen zeigen',
    stopCommunity: 'Für mich behalten',
  },
  taste: {
    title: 'Dein Geschmack',
    nothing:
      'Ich habe noch nichts über dich gelernt. Stimme über meine Antworten ab oder beginne mit /tune eine Einstimmrunde.',
    version: 'Stand',
    versionValue: (version, verdicts) => `${version}, ${verdicts === 0 ? 'ohne Stimmen' : `aus ${votes(verdicts)}`}`,
    winRate: 'Trefferquote',
    winRateValue: (rate, low, high, votes) =>
      `${rate} (${low} bis ${high}) bei ${count(votes, 'Blindstimme', 'Blindstimmen')}`,
    noWinRate: 'Noch keine Blindstimmen.',
    history: 'Verlauf',
    historyLine: (version, verdicts, date, accepted) =>
      `${version}: ${votes(verdicts)}, ${date}${accepted ? '' : ' (nicht verwendet)'}`,
    map: 'Wo dein Geschmack unter allen liegt',
    mapLegend:
      'Raute: dein Geschmack. Grüne Punkte: Antworten, die du gewählt hast. Ringe: Antworten, die du nicht gewählt hast. Kleine Punkte: andere.',
    mapDescription: (chosen, rejected, others) =>
      `Eine Karte: dein Geschmack als Raute, ${count(chosen, 'gewählte Antwort', 'gewählte Antworten')}, ${count(rejected, 'nicht gewählte Antwort', 'nicht gewählte Antworten')}, ${count(others, 'andere Person', 'andere Personen')}.`,
    undoTo: (version) => (version === 0 ? 'Zurück zum Anfang' : `Zurück zu Stand ${version}`),
    undone: (version) =>
      `Zurück ${version === 0 ? 'am Anfang' : `bei Stand ${version}`}. Spätere Stimmen zählen nicht mehr.`,
    export: 'Sichern',
    exported: 'Diese Datei enthält deinen Geschmack. Du kannst sie anderswo einlesen.',
    tune: 'Einstimmen',
    forget: 'Vergiss mich',
    forgetQuestion:
      'Deine Fragen, meine Antworten darauf, deine Stimmen und deinen Geschmack löschen? Das lässt sich nicht rückgängig machen.',
    forgetYes: 'Alles löschen',
    keep: 'Behalten',
    kept: 'Nichts wurde gelöscht.',
    forgotten: (receipt) => `Alles über dich ist gelöscht. Beleg: ${receipt}`,
  },
  console: {
    title: 'Im Browser',
    open: 'Meine Seite öffnen',
    goodFor: (minutes) =>
      `Chatten, deinen Geschmack ansehen und ändern. Der Link unten gilt ${count(minutes, 'Minute', 'Minuten')} und nur für dich: Wer ihn hat, handelt als du.`,
    hereOnly: (address) =>
      `Es gibt eine Seite für dich, aber nur auf dem Rechner, auf dem ich laufe (${address}): Wer ihn betreibt, hat keine öffentliche Adresse gesetzt (PALATE_PUBLIC_URL).`,
  },
  tune: {
    title: 'Einstimmrunde',
    intro: (prompts) =>
      `${count(prompts, 'kurze Nachricht', 'kurze Nachrichten')}, je vier Antworten: Wähle die, die dir am besten gefällt. Es dauert etwa zwei Minuten.`,
    start: 'Los',
    progress: (done, total) => `${done} von ${total}`,
    none: 'Keine davon',
    skip: 'Überspringen',
    stop: 'Beenden',
    stopped: (number) =>
      number === 0
        ? 'Vor der ersten Stimme beendet.'
        : `Nach ${votes(number)} beendet. Sie ${number === 1 ? 'zählt' : 'zählen'}.`,
    done: (number) =>
      `Fertig: ${votes(number)}. Hier eine Nachricht, über die du nicht abgestimmt hast, vorher und nachher:`,
    nothingLearned: (number) =>
      `Fertig: ${votes(number)}. Aus dieser Runde habe ich bisher nichts gelernt; zu vergleichen gibt es nichts.`,
    sameReply: (number) =>
      `Fertig: ${votes(number)}. Ich habe etwas gelernt; diese Nachricht, über die du nicht abgestimmt hast, wird aber noch gleich beantwortet:`,
    askFirst: 'Eine Einstimmrunde lehrt mich deinen Geschmack. Darum frage ich zuerst:',
    noRound: 'Ohne Lernen würde eine Einstimmrunde nichts ändern, darum gibt es keine.',
    before: 'Vorher',
    after: 'Nachher',
    running: 'Du hast schon eine Einstimmrunde; hier geht es weiter.',
    prompts: [
      'Wie war dein Wochenende?',
      'Was soll ich heute Abend kochen?',
      'Ich hatte einen langen Arbeitstag.',
      'Erzähl mir etwas Interessantes.',
      'Wie lerne ich besser zeichnen?',
      'Was hältst du von Regen?',
      'Ich möchte mit dem Laufen anfangen.',
      'Empfiehl mir ein Buch.',
      'Meine Freundin hat meinen Geburtstag vergessen.',
      'Was macht einen guten Morgen aus?',
    ],
    heldOut: 'Wie soll ich einen freien Nachmittag verbringen?',
  },
  admin: {
    title: 'Einstellungen',
    channels: 'Kanäle',
    allChannels: 'alle',
    learning: 'Lernen',
    on: 'an',
    off: 'aus',
    limits: 'Grenzen',
    limitsValue: (candidates, tokens) => `${count(candidates, 'Antwort', 'Antworten')} mit höchstens ${tokens} Token`,
    length: (tokens) => `höchstens ${tokens} Token`,
    model: 'Modell',
    modelValue: (name, ready) => `${name} (${ready ? 'bereit' : 'nicht bereit'})`,
    saved: 'Gespeichert.',
  },
  commands: {
    ask: 'Etwas fragen und die bessere von zwei Antworten wählen',
    taste: 'Sehen, was über dich gelernt wurde; rückgängig machen, sichern oder löschen',
    consent: 'Sagen, ob aus deinen Stimmen gelernt werden darf',
    tune: 'Zehn kurze Nachrichten, je vier Antworten: lehrt deinen Geschmack in zwei Minuten',
    palate: 'Einstellungen für diesen Server: Kanäle, Lernen, Grenzen',
  },
  options: {
    prompt: 'Was du fragen möchtest',
    channel: 'Der Kanal',
    answer: 'Ob dort geantwortet wird',
    learn: 'Ob dort Stimmen gesammelt werden',
    candidates: 'Wie viele Antworten geschrieben werden',
    tokens: 'Wie lang eine Antwort höchstens wird, in Token (je etwa drei Viertel eines Wortes)',
  },
};
