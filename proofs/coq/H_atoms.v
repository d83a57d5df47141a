(** * H1: as many values as distinct counts are enough

    Statement.  For every law [G] with finitely many values there is one with at most as many
    values as there are distinct counts, all of them values of [G], whose log-likelihood
    is at least as large.

    Idea.  See the head of [H.v]: more values than counts are linearly dependent in what
    they say of the counts; shares move along that dependence until one is 0. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List.
From RSTheory Require Import Setting Convexity BinomialLaw D2_D3 H.
Import ListNotations.
Open Scope R_scope.

(** ** More vectors than dimensions *)

Lemma expect_app (f : R -> R) (l l' : law) : expect f (l ++ l') = expect f l + expect f l'.
Proof.
  induction l as [| [w x] l IH]; [unfold expect; simpl; ring |].
  simpl app; rewrite !expect_cons, IH; ring.
Qed.

(** Of more points than functions, some combination that is not 0 is not seen by any of the
    functions. *)
Theorem dependent (n : nat) (fs : list (R -> R)) (ps : list R) :
  length fs = n -> (n < length ps)%nat ->
  exists l : law, map snd l = ps /\ Exists (fun wx => fst wx <> 0) l /\
    Forall (fun f => expect f l = 0) fs.
Proof.
  revert fs ps; induction n as [| n IH]; intros fs ps Hfs Hps.
  - destruct fs; [| discriminate]; destruct ps as [| p ps]; [simpl in Hps; lia |].
    exists ((1, p) :: map (fun x => (0, x)) ps); simpl; repeat split.
    + rewrite map_map; simpl; f_equal; apply map_id.
    + constructor; simpl; lra.
    + constructor.
  - destruct fs as [| f fs]; [discriminate |]; simpl in Hfs.
    destruct (Exists_dec (fun p => f p <> 0) ps) as [Hsome | Hnone].
    { intros p; destruct (Req_EM_T (f p) 0); [right | left]; tauto. }
    + apply Exists_exists in Hsome as [p0 [Hin Hp0]].
      apply in_split in Hin as [ps1 [ps2 ->]].
      set (reduce := fun (h : R -> R) p => h p - h p0 / f p0 * f p).
      destruct (IH (map reduce fs) (ps1 ++ ps2)) as [l [Hl [Hnonzero Hzero]]].
      { rewrite map_length; lia. }
      { rewrite app_length in *; simpl in Hps; lia. }
      apply map_eq_app in Hl as [l1 [l2 [-> [Hl1 Hl2]]]].
      set (c0 := - expect f (l1 ++ l2) / f p0).
      exists (l1 ++ (c0, p0) :: l2); repeat split.
      * rewrite map_app; simpl; now rewrite Hl1, Hl2.
      * apply Exists_app in Hnonzero; apply Exists_app.
        destruct Hnonzero; [now left | right; now right].
      * constructor.
        { rewrite expect_app, expect_cons; unfold c0; rewrite expect_app; field; exact Hp0. }
        apply Forall_forall; intros h Hh.
        rewrite Forall_map in Hzero.
        pose proof (proj1 (Forall_forall _ _) Hzero h Hh) as Hreduced; simpl in Hreduced.
        assert (Hlinear : expect (reduce h) (l1 ++ l2)
                = 1 * expect h (l1 ++ l2) + - (h p0 / f p0) * expect f (l1 ++ l2)).
        { rewrite <- expect_linear; apply expect_ext; intros p _; unfold reduce; ring. }
        rewrite Hlinear in Hreduced.
        rewrite expect_app, expect_cons.
        replace (expect h l1 + (c0 * h p0 + expect h l2))
          with (expect h (l1 ++ l2) + c0 * h p0) by (rewrite expect_app; ring).
        unfold c0; unfold Rdiv in *; lra.
    + destruct (IH fs ps ltac:(lia) ltac:(lia)) as [l [Hl [Hnonzero Hzero]]].
      exists l; repeat split; trivial.
      constructor; [| exact Hzero].
      rewrite (expect_ext f (fun _ => 0)).
      * clear; induction l as [| [w x] l IH]; [reflexivity | rewrite expect_cons, IH; ring].
      * rewrite Hl; intros p Hp.
        destruct (Req_EM_T (f p) 0) as [Heq | Hneq]; [exact Heq |].
        exfalso; apply Hnone, Exists_exists; now exists p.
Qed.

(** ** Moving shares *)

(** The shares of [G] moved by [t] times those of [l], which has the same values. *)
Fixpoint moved (t : R) (G l : law) : law :=
  match G, l with
  | (w, p) :: G', (c, _) :: l' => (w + t * c, p) :: moved t G' l'
  | _, _ => []
  end.

Lemma expect_moved (t : R) (G l : law) (f : R -> R) :
  map snd l = map snd G -> expect f (moved t G l) = expect f G + t * expect f l.
Proof.
  revert l; induction G as [| [w p] G IH]; intros [| [c p'] l] Hsame; try discriminate.
  - unfold expect; simpl; ring.
  - simpl in Hsame; injection Hsame as -> Hsame.
    simpl moved; rewrite !expect_cons, IH by exact Hsame; ring.
Qed.

Lemma moved_values (t : R) (G l : law) (P : R -> Prop) :
  Forall (fun wx => P (snd wx)) G -> Forall (fun wx => P (snd wx)) (moved t G l).
Proof.
  intros HG; revert l; induction HG as [| [w p] G Hp _ IH]; intros [| [c p'] l]; simpl;
    constructor; auto.
Qed.

Lemma moved_length (t : R) (G l : law) :
  map snd l = map snd G -> length (moved t G l) = length G.
Proof.
  revert l; induction G as [| [w p] G IH]; intros [| [c p'] l] Hsame; try discriminate; trivial.
  simpl in *; injection Hsame as _ Hsame; now rewrite IH.
Qed.

(** Move as far as no share becomes negative: then one is 0. *)
Lemma move_until_zero (G l : law) :
  map snd l = map snd G -> Forall (fun wx => 0 < fst wx) G ->
  Exists (fun wx => fst wx < 0) l ->
  exists t, 0 <= t /\ Forall (fun wx => 0 <= fst wx) (moved t G l) /\
    Exists (fun wx => fst wx = 0) (moved t G l).
Proof.
  assert (Hpos : forall t G l, 0 <= t -> Forall (fun wx => 0 < fst wx) G ->
    Forall (fun wx => 0 <= fst wx) l -> Forall (fun wx => 0 <= fst wx) (moved t G l)).
  { intros t G'; induction G' as [| [w p] G' IH]; intros [| [c p'] l'] Ht HG Hl; simpl;
      constructor.
    - inversion_clear HG; inversion_clear Hl; simpl in *; nra.
    - inversion_clear HG; inversion_clear Hl; now apply IH. }
  assert (Hbetween : forall s t G l, 0 <= s <= t -> Forall (fun wx => 0 < fst wx) G ->
    Forall (fun wx => 0 <= fst wx) (moved t G l) ->
    Forall (fun wx => 0 <= fst wx) (moved s G l)).
  { intros s t G'; induction G' as [| [w p] G' IH]; intros [| [c p'] l'] Hst HG Hl; simpl;
      constructor.
    - inversion_clear HG; simpl in Hl; inversion_clear Hl; simpl in *.
      destruct (Rle_lt_dec 0 c); nra.
    - inversion_clear HG; simpl in Hl; inversion_clear Hl; now apply IH. }
  revert l; induction G as [| [w p] G IH]; intros [| [c p'] l] Hsame HG Hl; try discriminate.
  - inversion Hl.
  - simpl in Hsame; injection Hsame as _ Hsame; inversion_clear HG as [| ? ? Hw HG'].
    simpl in Hw.
    (* where the first share would become 0 *)
    assert (Hfirst : c < 0 -> exists s, 0 <= s /\ w + s * c = 0 /\
              forall t, s <= t \/ 0 <= w + t * c).
    { intros Hc; assert (Hinv : 0 < / - c) by (apply Rinv_0_lt_compat; lra).
      assert (Hzero : w + w * / - c * c = 0) by (field; lra).
      exists (w * / - c); repeat split; trivial.
      - apply Rmult_le_pos; lra.
      - intros t; destruct (Rle_lt_dec (w * / - c) t); [now left | right; nra]. }
    destruct (Exists_dec (fun wx => fst wx < 0) l) as [Hrest | Hrest].
    { intros [x y]; simpl; destruct (Rlt_dec x 0); [left | right]; trivial. }
    + destruct (IH l Hsame HG' Hrest) as [t [Ht [Hall Hzero]]].
      destruct (Rle_lt_dec 0 (w + t * c)) as [Hkeeps | Hloses].
      * exists t; repeat split; trivial; simpl; [now constructor | now apply Exists_cons_tl].
      * assert (Hc : c < 0) by (destruct (Rlt_le_dec c 0); [assumption | nra]).
        destruct (Hfirst Hc) as [s [Hs [Hszero Hst]]].
        destruct (Hst t) as [Hst' |]; [| lra].
        exists s; repeat split; trivial; simpl.
        -- constructor; [simpl; lra |]; now apply (Hbetween s t).
        -- now apply Exists_cons_hd.
    + assert (Hc : c < 0) by (inversion_clear Hl; [assumption | tauto]).
      destruct (Hfirst Hc) as [s [Hs [Hszero _]]].
      exists s; repeat split; trivial; simpl.
      * constructor; [simpl; lra |]; apply Hpos; trivial.
        apply Forall_Exists_neg in Hrest.
        apply (Forall_impl _ (P := fun wx => ~ fst wx < 0)); [| exact Hrest].
        intros x Hx; lra.
      * now apply Exists_cons_hd.
Qed.

(** ** Dropping values without a share *)

Definition has_share (wx : R * R) : bool := if Rlt_dec 0 (fst wx) then true else false.

Lemma expect_has_share (f : R -> R) (G : law) :
  Forall (fun wx => 0 <= fst wx) G -> expect f (filter has_share G) = expect f G.
Proof.
  induction 1 as [| [w p] G Hw _ IH]; [reflexivity |].
  simpl filter; unfold has_share at 1; simpl in *.
  destruct (Rlt_dec 0 w); rewrite ?expect_cons, IH; [ring |].
  replace w with 0 by lra; ring.
Qed.

Lemma filter_shorter (G : law) :
  Exists (fun wx => fst wx = 0) G -> (length (filter has_share G) < length G)%nat.
Proof.
  assert (Hle : forall l : law, (length (filter has_share l) <= length l)%nat).
  { induction l as [| x l IH]; simpl; [lia | destruct (has_share x); simpl; lia]. }
  induction 1 as [[w p] G Hw | x G _ IH]; simpl in *.
  - unfold has_share at 1; simpl; destruct (Rlt_dec 0 w); [lra |].
    pose proof (Hle G); lia.
  - destruct (has_share x); simpl; lia.
Qed.

Lemma filter_values (P : R -> Prop) (G : law) :
  Forall (fun wx => P (snd wx)) G -> Forall (fun wx => P (snd wx)) (filter has_share G).
Proof.
  induction 1 as [| x G Hx _ IH]; simpl; [constructor |].
  destruct (has_share x); [now constructor | exact IH].
Qed.

Lemma filter_positive (G : law) : Forall (fun wx => 0 < fst wx) (filter has_share G).
Proof.
  apply Forall_forall; intros x Hx; apply filter_In in Hx as [_ Hx].
  unfold has_share in Hx; destruct (Rlt_dec 0 (fst x)); [assumption | discriminate].
Qed.

(** ** The theorem *)

Definition scaled (s : R) (G : law) : law := map (fun wx => (s * fst wx, snd wx)) G.

Lemma expect_scaled (s : R) (G : law) (f : R -> R) : expect f (scaled s G) = s * expect f G.
Proof.
  induction G as [| [w p] G IH]; [unfold expect; simpl; ring |].
  simpl scaled; rewrite !expect_cons, IH; ring.
Qed.

(** More shares make every count more probable. *)
Lemma likelihood_of_more (m : nat) (c : counts) (G H : law) :
  Forall (fun wk => 0 < fst wk) c -> possible m c G ->
  (forall k, In k (map snd c) -> count_probability m G k <= count_probability m H k) ->
  possible m c H /\ log_likelihood m c G <= log_likelihood m c H.
Proof.
  unfold log_likelihood; intros Hc HG Hmore.
  induction Hc as [| [v k] c Hv _ IH]; [split; [constructor | unfold over_counts; simpl; lra] |].
  inversion_clear HG as [| ? ? Hk HG']; simpl in Hv, Hk.
  pose proof (Hmore k ltac:(simpl; auto)) as Hle.
  destruct IH as [Hpossible Hlog]; [exact HG' | intros i Hi; apply Hmore; simpl; auto |].
  split; [constructor; [simpl; lra | exact Hpossible] |].
  rewrite !over_counts_cons; apply Rplus_le_compat; [| exact Hlog].
  apply Rmult_le_compat_l; [lra |].
  destruct Hle as [Hlt | ->]; [apply Rlt_le, ln_increasing |]; lra.
Qed.

Lemma total_of_positive (G : law) :
  Forall (fun wx => 0 <= fst wx) G -> expect (fun _ => 1) G = 0 -> forall f, expect f G = 0.
Proof.
  intros HG Hzero f; apply (no_weight_no_value f G HG); exact Hzero.
Qed.

(** For every law there is one with at most as many values as there are distinct counts, all
    of them values of that law, whose log-likelihood is at least as large. *)
Theorem H1_atoms (m : nat) (c : counts) (G : law) :
  are_shares c -> is_law G -> Forall (fun wx => in_01 (snd wx)) G -> possible m c G ->
  exists H, is_law H /\ Forall (fun wx => in_01 (snd wx)) H /\ possible m c H /\
    (length H <= length c)%nat /\ log_likelihood m c G <= log_likelihood m c H.
Proof.
  intros [Hc Hctotal].
  remember (length G) as n eqn:Hn; revert G Hn.
  induction n as [n IH] using (well_founded_induction Wf_nat.lt_wf); intros G Hn HG HGv HGp.
  destruct (Compare_dec.le_lt_dec n (length c)) as [Hfew | Hmany].
  { exists G; repeat split; try apply HG; trivial; [lia | lra]. }
  (* a shorter list of values that is at least as good is enough *)
  assert (Hshorter : forall G', (length G' < n)%nat -> Forall (fun wx => 0 <= fst wx) G' ->
    0 < expect (fun _ => 1) G' <= 1 -> Forall (fun wx => in_01 (snd wx)) G' ->
    (forall k, In k (map snd c) -> count_probability m G k = count_probability m G' k) ->
    exists H, is_law H /\ Forall (fun wx => in_01 (snd wx)) H /\ possible m c H /\
      (length H <= length c)%nat /\ log_likelihood m c G <= log_likelihood m c H).
  { intros G' Hlength Hw Htotal Hv Hsame.
    set (s := expect (fun _ => 1) G') in *.
    assert (Hs : 1 <= / s).
    { rewrite <- Rinv_1; apply Rinv_le_contravar; lra. }
    assert (Hpositive : forall k, 0 <= count_probability m G' k).
    { intros k; unfold count_probability; clear - Hw Hv.
      induction G' as [| [w p] G' IHG]; [unfold expect; simpl; lra |].
      inversion_clear Hw; inversion_clear Hv; simpl in *; rewrite expect_cons.
      pose proof (probability_nonneg m k p ltac:(assumption)).
      apply Rplus_le_le_0_compat; [now apply Rmult_le_pos | now apply IHG]. }
    destruct (likelihood_of_more m c G (scaled (/ s) G') Hc HGp) as [Hpossible Hlog].
    { intros k Hk; rewrite (Hsame k Hk); unfold count_probability at 2.
      rewrite expect_scaled; fold (count_probability m G' k).
      pose proof (Hpositive k); nra. }
    destruct (IH (length (scaled (/ s) G'))) with (G := scaled (/ s) G')
      as [H [HH [HHv [HHp [HHl HHlog]]]]]; trivial.
    - unfold scaled; now rewrite map_length.
    - split.
      + unfold scaled; rewrite Forall_map; apply (Forall_impl _ (P := fun wx => 0 <= fst wx));
          [| exact Hw].
        intros x Hx; simpl; apply Rmult_le_pos; lra.
      + rewrite expect_scaled; fold s; field; lra.
    - unfold scaled; rewrite Forall_map; exact Hv.
    - exists H; repeat split; try apply HH; trivial; lra. }
  destruct HG as [HGw HGt].
  destruct (Exists_dec (fun wx => fst wx = 0) G) as [Hzero | Hnozero].
  { intros [w x]; simpl; destruct (Req_EM_T w 0); [left | right]; trivial. }
  { apply (Hshorter (filter has_share G)).
    - rewrite Hn; now apply filter_shorter.
    - apply (Forall_impl _ (P := fun wx => 0 < fst wx)); [| apply filter_positive].
      intros x Hx; lra.
    - rewrite expect_has_share by exact HGw; lra.
    - apply (filter_values in_01), HGv.
    - intros k _; unfold count_probability; now rewrite expect_has_share. }
  assert (HGpos : Forall (fun wx => 0 < fst wx) G).
  { apply Forall_forall; intros x Hx.
    pose proof (proj1 (Forall_forall _ _) HGw x Hx) as Hge.
    destruct Hge as [Hlt | Heq]; [exact Hlt |].
    exfalso; apply Hnozero, Exists_exists; exists x; auto. }
  (* a combination of the values that no count sees, whose total is not positive *)
  assert (Hcombination : exists l : law, map snd l = map snd G /\
    Exists (fun wx => fst wx < 0) l /\ expect (fun _ => 1) l <= 0 /\
    forall k, In k (map snd c) -> expect (fun p => probability m k p) l = 0).
  { destruct (dependent (length c) (map (fun k p => probability m k p) (map snd c)) (map snd G))
      as [l [Hvalues [Hnonzero Hunseen]]].
    { now rewrite !map_length. }
    { rewrite map_length; lia. }
    rewrite Forall_map in Hunseen.
    assert (Hunseen' : forall k, In k (map snd c) -> expect (fun p => probability m k p) l = 0)
      by (apply Forall_forall; exact Hunseen).
    assert (Hnegative : forall l' : law, Exists (fun wx => fst wx <> 0) l' ->
      expect (fun _ => 1) l' <= 0 -> Exists (fun wx => fst wx < 0) l').
    { intros l' Hnz Htotal.
      destruct (Exists_dec (fun wx => fst wx < 0) l') as [Hyes | Hno]; [| exact Hyes |].
      { intros [x y]; simpl; destruct (Rlt_dec x 0); [left | right]; trivial. }
      exfalso; apply Forall_Exists_neg in Hno.
      assert (Hnonneg : Forall (fun wx => 0 <= fst wx) l').
      { apply (Forall_impl _ (P := fun wx => ~ fst wx < 0)); [intros x Hx; lra | exact Hno]. }
      clear Hno; revert Htotal; apply Rlt_not_le.
      clear - Hnz Hnonneg.
      induction Hnz as [[w x] l' Hw | [w x] l' _ IHl]; inversion_clear Hnonneg; simpl in *;
        rewrite expect_cons.
      - pose proof (total_nonneg l' ltac:(assumption)) as H'; unfold total in H'; lra.
      - pose proof (IHl ltac:(assumption)); lra. }
    destruct (Rle_lt_dec (expect (fun _ => 1) l) 0) as [Hle | Hgt].
    - exists l; repeat split; trivial; now apply Hnegative.
    - exists (scaled (-1) l); repeat split.
      + unfold scaled; rewrite map_map; exact Hvalues.
      + apply Hnegative; [| rewrite expect_scaled; lra].
        unfold scaled; clear - Hnonzero.
        induction Hnonzero as [[w x] l Hw | x l _ IHl]; simpl;
          [apply Exists_cons_hd; simpl in *; lra | now apply Exists_cons_tl].
      + rewrite expect_scaled; lra.
      + intros k Hk; rewrite expect_scaled, Hunseen' by exact Hk; ring. }
  destruct Hcombination as [l [Hvalues [Hnegative [Htotal Hunseen]]]].
  destruct (move_until_zero G l Hvalues HGpos Hnegative) as [t [Ht [Hall Hzero]]].
  assert (Hsame : forall k, In k (map snd c) ->
    count_probability m G k = count_probability m (moved t G l) k).
  { intros k Hk; unfold count_probability.
    rewrite expect_moved, (Hunseen k Hk) by exact Hvalues; ring. }
  apply (Hshorter (filter has_share (moved t G l))).
  - rewrite Hn, <- (moved_length t G l Hvalues); now apply filter_shorter.
  - apply (Forall_impl _ (P := fun wx => 0 < fst wx)); [| apply filter_positive].
    intros x Hx; lra.
  - rewrite expect_has_share, expect_moved, HGt by assumption.
    split; [| nra].
    pose proof (total_nonneg (moved t G l) Hall) as Hnonneg; unfold total in Hnonneg.
    rewrite expect_moved, HGt in Hnonneg by exact Hvalues.
    destruct Hnonneg as [Hlt | Heq]; [exact Hlt |].
    (* a total of 0 would make every count impossible *)
    exfalso; destruct c as [| [v k] c']; [unfold over_counts in Hctotal; simpl in Hctotal; lra |].
    pose proof (Hsame k ltac:(simpl; auto)) as Hk.
    unfold count_probability at 2 in Hk.
    rewrite (total_of_positive (moved t G l) Hall) in Hk
      by (rewrite expect_moved, HGt by exact Hvalues; lra).
    inversion_clear HGp; simpl in *; lra.
  - apply (filter_values in_01), (moved_values t G l in_01), HGv.
  - intros k Hk; rewrite (Hsame k Hk); unfold count_probability.
    now rewrite expect_has_share.
Qed.
