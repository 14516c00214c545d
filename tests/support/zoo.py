"""The zoo's models that torchvision hasn't, in Python; the others are torchvision's."""

import torch
from torch import nn
from torch.nn import functional as F


def mlp(num_classes, in_channels):
    return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * 28 * 28, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
                         nn.Linear(128, num_classes))


class LeNet(nn.Module):
    def __init__(self, num_classes, in_channels):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def conv_norm_relu(channels_in, channels_out, *more):
    return [nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False), nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True), *more]


class ResNet9(nn.Module):
    def __init__(self, num_classes, in_channels, width=24):
        super().__init__()
        w = width
        self.prep = nn.Sequential(*conv_norm_relu(in_channels, w))
        self.layer1 = nn.Sequential(*conv_norm_relu(w, 2 * w, nn.MaxPool2d(2)))
        self.residual1 = nn.Sequential(*conv_norm_relu(2 * w, 2 * w), *conv_norm_relu(2 * w, 2 * w))
        self.layer2 = nn.Sequential(*conv_norm_relu(2 * w, 4 * w, nn.MaxPool2d(2)))
        self.layer3 = nn.Sequential(*conv_norm_relu(4 * w, 8 * w, nn.MaxPool2d(2)))
        self.residual3 = nn.Sequential(*conv_norm_relu(8 * w, 8 * w), *conv_norm_relu(8 * w, 8 * w))
        self.fc = nn.Linear(8 * w, num_classes)

    def forward(self, x):
        x = self.layer1(self.prep(x))
        x = x + self.residual1(x)
        x = self.layer3(self.layer2(x))
        x = x + self.residual3(x)
        return self.fc(x.amax((2, 3)))


OWN = {"lenet": LeNet, "mlp": mlp, "resnet9": ResNet9}


def create_model(name, num_classes, in_channels=3):
    """As `tx::create_model` makes it; for other images than RGB, with another first convolution."""
    if name in OWN:
        return OWN[name](num_classes, in_channels)
    import torchvision  # here, because it takes a while
    model = torchvision.models.get_model(name, num_classes=num_classes)
    if in_channels != 3:
        model.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
    return model
