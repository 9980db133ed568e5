/**
 * The dozen activities that CASAS sums labels up in, and the labels that it leaves out: facts of its
 * public ArWISE data (utilities/activity_mapping.csv and unwanted_activities.csv, CC0).
 */
import { accentSpellings, composed } from '../../core/letters';
import { literal } from '../engines/duckdb-session';

export interface ActivityRules {
  /** Labels as people gave them, by the activity that sums them up. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** They tell of a moment, of the prompt itself, or of nothing that can be learned. */
  readonly unwanted: readonly string[];
}

const LABELS: Readonly<Record<string, readonly string[]>> = {
  Eat: words(`Comida Cook Drink Drink_end Drink_start eat Eat Eat_end Eat_begin Eat_start FinishMeal_end
    FinishMeal_start Getting_Coffee Meal Mealtime Snack Tea`),
  Errands: words(`Barbe Erands errands Errands Groceries Mandados Moving Shop Shopping Store`),
  Exercise:
    words(`ArmCurl_end Bike Climbing_Stairs Cycle Ejercicios exercise Exercise Golf Run Soccer Stretch
    Surfing Walk Walk_end Walking_Frantically Walk_start WalkTask_end WalkTask_start Workout
    Work_Out`),
  Hobby:
    words(`Art entertainment Gaming Guitar hobby Hobby Pasatiempos Piano Play Practice Pray Read Sex Tv
    Videogames Video_Games Watching_Football Watch_Tv`),
  Housework: words(`chores Chores Clean Dishes Do_Dishes Housework Ironing Packing Washing_Dishes`),
  Hygiene:
    words(`Bath_end Bath_start Bathe Brushing_Teeth Brush_Teeth BrushTeeth_end BrushTeeth_start
    Brushteeth_end Brushteeth_start Curling_Hair Dress Dressing Dry_Hair FinishShowerOrBath_end
    FinishShowerOrBath_start Getting_Ready Getting_Ready_For_Bed Get_Up Groom Grooming Higiene
    hygiene Hygiene Makeup Restroom Shave_end Shave_start Shower Shower_end Shower_start Teeth
    Teeth_Brushing Toilet Toileting Wear`),
  Other: words(`Other Otra`),
  Relax: words(`Chill Laying_Down LieDown_end LieDown_start Relajación relax Relax Rest`),
  Sleep:
    words(`Begin_Sleep End_Sleep sleep Sleep Sleep_Start Start_Sleep Stop_Sleep Wake Wakeup Wake_Up
    Waking_Up Woke_Up`),
  Socialize:
    words(`Cinema Concert Football_Game LeaveHome_end LeaveHome_start Park Party ReturnHome_end
    ReturnHome_start Socializar Socialize`),
  Travel: words(`Bus Drive Fly travel Travel Viaje`),
  Work: words(`Booking_Flights Class Homework Hw job Lab Lab_Meeting Meeting Report_Writing Research school
    School School_Work Scoring_Tests Study Studying Test Trabajo Work`),
};

const UNWANTED: readonly string[] =
  words(`ArmCurl_start ArmCurl_end ClimbDownStairs_end ClimbDownStairs_start Climbing_Stairs
  ClimbUpStairs_end ClimbUpStairs_start CognitiveActivity Cougs Dog Inbetween_Activities
  Message No Phone Phone_Call Radio Sit Sit_end Sit_start Stand Take_Medicine Talk
  TalkOnPhone_end TalkOnPhone_start Telephon Text Transitioning_Tasks UnknownActivity_end
  Waiting Yes`);

function words(text: string): string[] {
  return text.split(/\s+/);
}

/** Of an archive that brings none of its own. */
export const CASAS_ACTIVITIES: ActivityRules = { labels: LABELS, unwanted: UNWANTED };

const inAny = (label: string, labels: readonly string[]): string =>
  `${label} IN (${[...new Set(labels.flatMap(accentSpellings))].map(literal).join(', ')})`;

export const isUnwantedSql = (label: string, { unwanted }: ActivityRules): string =>
  unwanted.length === 0 ? 'FALSE' : inAny(label, unwanted);

/** Labels that nobody has summed up stay as they are. */
export function summedUpSql(label: string, { labels }: ActivityRules): string {
  const cases = Object.entries(labels).map(
    ([activity, own]) => `WHEN ${inAny(label, own)} THEN ${literal(composed(activity))}`,
  );
  return cases.length === 0 ? label : `CASE ${cases.join('\n    ')} ELSE ${label} END`;
}
