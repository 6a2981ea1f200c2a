/** Words that tastes count. */

const list = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

export const SECOND_PERSON = list("you your you're yourself you'll you've yours");
export const FIRST_PERSON = list("i i'm my me i've i'll i'd mine myself");

/** What a sentence begins with that tells somebody to do something. */
export const IMPERATIVES = list(`
  add ask avoid be begin bring buy call check choose clean close come consider cook cut don't do draw drink eat enjoy ensure explore
  find follow get give go have heat help invite keep learn leave let listen look make measure mix never offer open pack pick plan play
  practice practise prepare put read remember remove repeat rinse say seek set share show sit sleep spend start stay stop store take
  talk tell think try turn use visit wait walk warm wash watch wear write`);

/** Words of talk. */
export const CASUAL = list(`
  yeah yes yep nope ok okay hey hi oh wow well really just kinda gonna wanna gotta stuff thing things guy guys cool awesome great nice
  pretty sure maybe lot lots bit got get gets don't can't won't it's that's i'm you're there's let's what's they're we're didn't
  doesn't isn't wasn't haven't couldn't i've i'd i'll you'll`);

/** Words of essays. */
export const FORMAL = list(`
  however therefore furthermore moreover additionally consequently thus hence whereas although ultimately particularly essential
  significant significantly various numerous individuals individual provide provides ensure ensures require requires regarding
  appropriate sufficient obtain utilize utilise facilitate contribute contributes enhance enhances crucial primarily consider
  considered typically generally involves including`);

/** What can be seen or touched. */
export const CONCRETE = list(`
  air animal animals apple apples arm arms bag ball bath beach bed bee bees bird birds boat body book books bottle bowl box boxes bread
  breakfast bus butter cake candle car cat cats chair cheese child children city clothes cloud clouds coat coffee cup dinner dog dogs
  door ear ears egg eggs eye eyes face feet field finger fire fish floor flower flowers food foot forest fruit garden glass grass ground
  hair hand hands hat head herbs hill home honey house ice juice jar kitchen knife lake lamp leaf leaves leg legs letter light lunch
  meal meat milk money moon mountain mountains mouth nose oil onion oven paper park pen phone picture pillow plant plants plate pot rain
  rice river road rock rocks roof room salt sand sauce sea shirt shoe shoes shop skin sky sleep snow soap sock soil soup spoon star
  stars stone street sugar sun table tea teeth towel train tree trees vegetables wall wallet water wind window wine wood`);

/** What cannot. */
export const ABSTRACT = list(`
  ability advantage advice approach aspect aspects attention balance beauty belief benefit benefits challenge challenges chance change
  character comfort communication concept confidence connection consideration culture decision decisions development difference
  difficulty effect effects effort emotion emotions energy environment experience experiences fact factor factors fear feeling feelings
  freedom goal goals growth habit habits happiness hope idea ideas imagination impact importance information interest issue issues joy
  knowledge lack life love meaning memory mind mood motivation nature need opinion opportunity pain peace perspective possibility
  potential power practice principle problem problems process progress purpose quality question reason reasons relationship
  relationships respect responsibility result results sense situation situations skill skills solution spirit stress success support
  thought thoughts time trust truth understanding value values view way ways wisdom`);

/** Words of somebody who feels with another. */
export const WARM = list(`
  sorry glad happy love loved hope feel feeling feelings heart understand care caring dear wonderful proud thank thanks together friend
  friends comfort hug gentle kind kindness enjoy joy smile lovely hard tough worry worried sad safe alone here listen congratulations
  excited beautiful`);

/** Numbers in letters. */
export const NUMBER_WORDS = list(`
  one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty hundred thousand million billion half
  quarter dozen once twice first second third percent`);

/** Small words that say nothing of a topic, a list of the most frequent ones. */
export const FUNCTION_WORDS = list(`
  the a an and or but of to in on at for with by from as is are was were be been being it its this that these those there here not no
  so if then than when while which who what how why do does did have has had will would can could should may might must i you he she we
  they me him her us them my your his our their`);
