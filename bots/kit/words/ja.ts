/** The bot's own words in Japanese. */
import type { Words } from './words.js';

/** So long as somebody has to wait. */
const span = (seconds: number) => (seconds < 120 ? `${seconds}秒` : `${Math.ceil(seconds / 60)}分`);

export const JAPANESE: Words = {
  tag: 'ja',
  vote: {
    several: ({ tie, allBad }, replies) => {
      const [which, none] = replies > 2 ? ['どれが一番', 'どれも'] : ['どちらが', 'どちらも'];
      return `${which}よいですか？ ${tie} 同じくらいよい、${allBad} ${none}よくない。`;
    },
    single: 'この返事はよかったですか？',
    cancelled: '中止しました。',
    expired: 'この返事にはもう投票できません。',
    counted: (what) => `投票しました：${what}。もう一度押すと取り消せます。`,
    withdrawn: '取り消しました。',
    learningOff: 'このチャンネルでは投票を集めていません。',
    notYours: '質問した人だけができます。',
    tie: '同じくらい',
    allBad: 'どれもだめ',
    up: 'よい',
    down: 'よくない',
    regenerate: '別の返事',
    stop: '中止',
    waiting: (ahead, seconds) =>
      `${ahead === 0 ? '次があなたの質問です' : `順番待ちです。前に${ahead}件`}：約${span(seconds)}。`,
    received: '質問を受け取りました。少々お待ちください。',
    cut: (which) => `最大の長さで切れています${which === '' ? '' : `：${which}`}。`,
    goOn: (letter) => (letter === '' ? '続きを書く' : `${letter}の続き`),
    goesOn: '続きは下にあります。',
    interrupted: '書いている途中で再起動しました。もう一度質問してください。',
    notWritten: 'この返事はもう書かれていません。',
  },
  problem: {
    busy: (seconds) => `ただいま混み合っています。${span(seconds)}後にもう一度お試しください。`,
    noModel: (seconds) => `言語モデルの準備がまだできていません。${span(seconds)}後にもう一度お試しください。`,
    noStore: (seconds) => `データベースが応答せず、何も保存できません。${span(seconds)}後にもう一度お試しください。`,
    tooLong: (characters) =>
      characters === null
        ? '一度に読める長さを超えています。短くするか、新しい会話を始めてください。'
        : `長すぎます。${characters}文字以内でお願いします。`,
    refused: (why) => `この内容は受け付けられません${why === null ? '。' : `：${why}`}`,
    forbidden: 'この操作は許可されていません。',
    noKey: 'サービスに接続し直しています。しばらくしてからもう一度お試しください。',
    notThere: 'それはもうありません。',
    changed: 'その間に状況が変わったため、もうできません。',
    stopped: '中止しました。',
    unreachable: 'サービスが応答していません。しばらくしてからもう一度お試しください。',
    other: '問題が起きました。ログに記録しました。',
    emptyPrompt: '何をお聞きになりますか？',
    mentionMe:
      'この返信は読めません。質問するときは、私をメンションするか、返信のメンションをオンのままにしてください。',
    missingPermissions: (names, channel) => `${channel}では返事ができません。権限が足りません：${names.join('、')}`,
    channelOff: 'このチャンネルでは返事をしません。',
    adminsOnly: 'このサーバーを管理できる人だけが使えます。',
  },
  consent: {
    title: '投票から学んでもよいですか？',
    question:
      '返事に投票していただくと、あなたの好みをあなたのためだけに学べます。学ぶのは、私の返事と、それに対するあなたの質問と投票だけです。ほかのメッセージからは学びません。/taste でいつでも確認、取り消し、削除ができます。',
    yes: 'はい、学んでください',
    no: 'いいえ',
    granted: 'あなたの投票から学びます。',
    denied: 'あなたの投票からは学びません。',
    unasked: 'まだ決めていません。決めるまで投票は保留されます。',
    thanks: 'ありがとうございます。保留されていたものも含め、これから投票が反映されます。',
    thanksAgain:
      'ありがとうございます。これから投票が反映され、以前に反映されていた投票もまた数えます。「いいえ」のときに保留されていた投票は数えません。',
    refused:
      'わかりました。投票しても何も変わりません。保留中の投票は、あとで同意しても数えません。すでに反映されていた投票は、そのときまた数えます。',
    communityOn: 'あなたの好みは、ほかの人の地図に名前のない点として表示されます。書いた言葉は表示されません。',
    communityOff: 'あなたの好みは、あなただけに表示されます。',
    shareCommunity: '名前なしでほかの人に見せる',
    stopCommunity: '自分だけに見せる',
  },
  taste: {
    title: 'あなたの好み',
    nothing: 'あなたのことはまだ何も学んでいません。返事に投票するか、/tune で好み合わせを始めてください。',
    version: 'バージョン',
    versionValue: (version, verdicts) =>
      verdicts === 0 ? `${version}（投票なし）` : `${version}（投票${verdicts}件から）`,
    winRate: '勝率',
    winRateValue: (rate, low, high, votes) => `${rate}（${low}〜${high}）、ブラインド投票${votes}件`,
    noWinRate: 'ブラインド投票はまだありません。',
    history: '履歴',
    historyLine: (version, verdicts, date, accepted) =>
      `${version}：投票${verdicts}件、${date}${accepted ? '' : '（不採用）'}`,
    map: '全員の中でのあなたの好みの位置',
    mapLegend: 'ひし形：あなたの好み。緑の点：選んだ返事。輪：選ばなかった返事。小さな点：ほかのメンバー。',
    mapDescription: (chosen, rejected, others) =>
      `地図：ひし形があなたの好み、選んだ返事${chosen}件、選ばなかった返事${rejected}件、ほかのメンバー${others}人。`,
    undoTo: (version) => (version === 0 ? '最初に戻す' : `バージョン${version}に戻す`),
    undone: (version) =>
      `${version === 0 ? '最初' : `バージョン${version}`}に戻しました。それより後の投票は数えません。`,
    export: '書き出す',
    exported: 'このファイルにあなたの好みが入っています。ほかの場所で読み込めます。',
    tune: '好み合わせ',
    forget: '忘れて',
    forgetQuestion: 'あなたの質問、それへの返事、投票、好みをすべて削除しますか？元には戻せません。',
    forgetYes: 'すべて削除する',
    keep: '残す',
    kept: '何も削除していません。',
    forgotten: (receipt) => `あなたに関するものをすべて削除しました。控え：${receipt}`,
  },
  console: {
    title: 'ブラウザーで',
    open: '自分のページを開く',
    goodFor: (minutes) =>
      `会話をしたり、好みを見て変えたりできます。下のリンクは${minutes}分間、あなただけに有効です。ほかの人に渡さないでください。`,
    hereOnly: (address) =>
      `あなたのページはありますが、私が動いているコンピューターでしか開けません（${address}）。公開アドレス（PALATE_PUBLIC_URL）が設定されていません。`,
  },
  tune: {
    title: '好み合わせ',
    intro: (prompts) =>
      `短いメッセージ${prompts}件に返事が四つずつ。いちばん好きなものを選んでください。数分で終わります。`,
    start: '始める',
    progress: (done, total) => `${total}件中${done}件`,
    none: 'どれもよくない',
    skip: 'とばす',
    stop: '終わる',
    stopped: (votes) =>
      votes === 0 ? '投票の前に終わりました。' : `投票${votes}件で終わりました。投票は反映されます。`,
    done: (votes) => `完了：投票${votes}件。投票していないメッセージで、前と後を比べます：`,
    nothingLearned: (votes) => `完了：投票${votes}件。今回はまだ何も学んでいないため、比べるものがありません。`,
    sameReply: (votes) => `完了：投票${votes}件。学びましたが、投票していないこのメッセージへの返事はまだ同じです：`,
    askFirst: '好み合わせは、あなたの好みを私に教えるものです。まず、おたずねします：',
    noRound: '学ばなければ好み合わせをしても何も変わらないので、行いません。',
    before: '前',
    after: '後',
    running: '好み合わせの途中です。続きからどうぞ。',
    prompts: [
      '週末はどうでしたか？',
      '今夜は何を作ろうかな。',
      '今日は仕事が長かった。',
      '何か面白い話をして。',
      '絵がうまくなるには？',
      '雨についてどう思う？',
      '走り始めたいんだけど。',
      'おすすめの本を教えて。',
      '友だちに誕生日を忘れられた。',
      'よい朝ってどんな朝？',
    ],
    heldOut: '暇な午後をどう過ごそう？',
  },
  admin: {
    title: '設定',
    channels: 'チャンネル',
    allChannels: 'すべて',
    learning: '学習',
    on: 'オン',
    off: 'オフ',
    limits: '上限',
    limitsValue: (candidates, tokens) => `返事${candidates}件、最大${tokens}トークン`,
    length: (tokens) => `最大${tokens}トークン`,
    model: 'モデル',
    modelValue: (name, ready) => `${name}（${ready ? '準備完了' : '準備中'}）`,
    saved: '保存しました。',
  },
  commands: {
    ask: '質問して、2つの返事からよい方を選びます',
    taste: '学んだことを見る、取り消す、書き出す、削除する',
    consent: '投票から学んでよいかを決めます',
    tune: '短いメッセージ10件に返事4つずつ。2分で好みを伝えます',
    palate: 'このサーバーの設定：チャンネル、学習、上限',
  },
  options: {
    prompt: '聞きたいこと',
    channel: 'チャンネル',
    answer: 'そこで返事をするか',
    learn: 'そこで投票を集めるか',
    candidates: '返事をいくつ書くか',
    tokens: '返事の最大の長さ',
  },
};
