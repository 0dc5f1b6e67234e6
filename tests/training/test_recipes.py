"""The objective: equation 5 and what a mixture asks for."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from allaprima.training.objective import Objective
from allaprima.training.perceptual import (
    LossNetwork,
    content_loss,
    gram_matrix,
    style_distances,
    total_variation,
    weighted,
)
from allaprima.training.recipes import RECIPES


@pytest.fixture(scope="module")
def network(vgg16_weights):
    return LossNetwork(vgg16_weights)


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(1)
    return torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32), [torch.rand(1, 3, 40, 48), torch.rand(1, 3, 48, 40)]


@pytest.mark.parametrize("name", RECIPES)
def test_the_total_is_the_weighted_sum_of_the_papers_terms(name, network, images):
    stylized, photo, styles = images
    recipe = RECIPES[name]
    mixture = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    emphasis = [1.0, 2.5]
    losses = Objective(recipe, network, styles, emphasis)(stylized, photo, mixture)
    for row, style in enumerate(styles):
        y, x = stylized[row : row + 1], photo[row : row + 1]
        style_term, content = torch.zeros(1), torch.zeros(1)
        scales = [(1, 0.5), (2, 0.5)] if recipe.half_size else [(1, 1.0)]
        for scale, share in scales:
            pair = [network(F.avg_pool2d(p, scale), recipe.style_layers) for p in (y, style)]
            grams = [{j: gram_matrix(f) for j, f in features.items()} for features in pair]
            style_term += share * weighted(style_distances(*grams, relative=recipe.relative), recipe.style_layers)
        for j, weight in recipe.content_layers.items():
            one, other = ({j: network(p, [j])[j]} for p in (y, x))
            content += weight * content_loss(one, other, {j: 1.0}, relative=recipe.relative)
        tv = total_variation(y, relative=recipe.relative)
        torch.testing.assert_close(losses.content[row], content[0], rtol=1e-4, atol=0)
        torch.testing.assert_close(losses.style[row], style_term[0], rtol=1e-4, atol=0)
        total = (
            recipe.content_weight * content + recipe.style_weight * emphasis[row] * style_term + recipe.tv_weight * tv
        )
        torch.testing.assert_close(losses.total[row], total[0], rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", ["default", "four-layers"])
def test_alternating_steps_measure_the_whole_objective_between_them(name, network, images):
    stylized, photo, styles = images
    recipe = replace(RECIPES[name], alternate=True)
    objective = Objective(recipe, network, styles)
    mixture = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.3, 0.7]])
    even, odd = (objective(stylized, photo, mixture, recipe.terms_of(step)) for step in (4, 7))
    torch.testing.assert_close((even.total + odd.total) / 2, objective(stylized, photo, mixture).total)
    assert not any(term.startswith("relu4") and not term.endswith("/2") for term in odd.layers)
    assert not any(term.endswith("/2") for term in even.layers)
    assert replace(recipe, alternate=False).terms_of(1) == recipe.style_terms


def test_a_mixture_asks_for_mixed_gram_matrices_and_strength_for_less_of_all_but_content(network, images):
    _, photo, styles = images
    recipe, emphasis = RECIPES["default"], [1.0, 2.0]
    objective = Objective(recipe, network, styles, emphasis)
    targets = objective.targets(photo, torch.tensor([[0.0, 0.3, 0.7], [0.6, 0.4, 0.0]]))
    for j in recipe.style_layers:
        first, second = (gram_matrix(network(s, [j])[j])[0] for s in styles)
        torch.testing.assert_close(targets.grams[j][0], 0.3 * first + 0.7 * second)
        torch.testing.assert_close(targets.grams[j][1], first)
    torch.testing.assert_close(targets.style_weight, recipe.style_weight * torch.tensor([0.3 + 2 * 0.7, 0.4**1.5]))
    torch.testing.assert_close(targets.tv_weight, recipe.tv_weight * torch.tensor([1.0, 0.4**4]))


def test_the_photograph_itself_costs_nothing_at_strength_zero(network, images):
    _, photo, styles = images
    losses = Objective(RECIPES["default"], network, styles)(photo, photo, torch.tensor([[1.0, 0.0, 0.0]] * 2))
    assert losses.total.max() < 1e-6


def test_the_papers_weights():
    paper = RECIPES["paper"]
    assert (paper.content_weight, paper.style_weight, paper.tv_weight) == (1.0, 5.0, 1e-6)
    assert (paper.learning_rate, paper.batch, paper.steps, paper.size) == (1e-3, 4, 40_000, 256)


@pytest.mark.parametrize("name", ["default", "four-layers"])
def test_relative_weights_of_layers_sum_to_one(name):
    recipe = RECIPES[name]
    assert sum(recipe.content_layers.values()) == pytest.approx(1.0)
    assert sum(recipe.style_layers.values()) == pytest.approx(1.0)
    assert sum(recipe.style_terms.values()) == pytest.approx(1.0)
